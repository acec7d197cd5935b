"""Who the visitor is: from an evaluation context to what a source is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import InvalidContextError

from proctor.core import ConfigurationError, ForceGroups, GroupsRequest

__all__ = ["Visitors"]

_NOBODY = EvaluationContext()


class Visitors:
    """Which parts of an evaluation context are identifiers; all others are context.

    *targeting_key* is the source key that the targeting key stands for. *identifiers* are
    the names of the attributes that are identifiers too, or a mapping of such names to
    source keys. *force_attribute* is the name of the attribute that forces groups, or None.
    Raises ConfigurationError where two of them lead to one source key.
    """

    def __init__(
        self,
        targeting_key: str,
        identifiers: Mapping[str, str] | Collection[str],
        force_attribute: str | None,
    ) -> None:
        if isinstance(identifiers, str):
            raise ConfigurationError(
                f"identifiers is the text {identifiers!r}; a tuple of one needs a comma: "
                f"({identifiers!r},)"
            )
        if not isinstance(identifiers, Mapping):
            identifiers = {name: name for name in identifiers}
        self._targeting_key = targeting_key
        self._identifiers = dict(identifiers)
        self._force_attribute = force_attribute
        _check(targeting_key, self._identifiers, force_attribute)

    def request(self, given: EvaluationContext | None, test: str) -> GroupsRequest:
        """What a source is asked about *test*. Raises InvalidContextError."""
        given = given or _NOBODY
        identifiers: dict[str, object] = {}
        context: dict[str, object] = {}
        force = None
        for name, value in given.attributes.items():
            if name in self._identifiers:
                identifiers[self._identifiers[name]] = value
            elif name == self._force_attribute:
                force = _forced(name, value)
            else:
                context[name] = value
        if given.targeting_key is not None:
            identifiers[self._targeting_key] = given.targeting_key
        return GroupsRequest(identifiers, context, force_groups=force, tests=(test,))


def _check(targeting_key: str, identifiers: Mapping[str, str], force: str | None) -> None:
    keys = [targeting_key, *identifiers.values()]
    for key in keys:
        if keys.count(key) > 1:
            raise ConfigurationError(
                f"The identifier {key!r} would come from two places, of the targeting key and "
                f"the attributes {sorted(identifiers)}; leave one out"
            )
    if force in identifiers:
        raise ConfigurationError(
            f"The attribute {force!r} cannot be an identifier and force groups; rename one"
        )


def _forced(name: str, value: object) -> ForceGroups | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidContextError(
            f"the attribute {name!r}, which forces groups, is of type {type(value).__name__}; "
            "give a text as in prforceGroups, for example 'buttoncolortst2'"
        )
    return ForceGroups.parse(value)
