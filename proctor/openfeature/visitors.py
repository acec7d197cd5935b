"""Convert an evaluation context into a request to a source."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import InvalidContextError

from proctor.core import ConfigurationError, ForceGroups, GroupsRequest

__all__ = ["Visitors"]

_NOBODY = EvaluationContext()


class Visitors:
    """Separates the identifiers in an evaluation context from the context variables.

    *targeting_key* is the source key of the identifier in the targeting key. *identifiers* are the
    names of the attributes that are also identifiers, or a mapping of such names to source keys.
    *force_attribute* is the name of the attribute that forces groups, or None. All other attributes
    are context variables. Raises ConfigurationError if two identifiers have the same source key.
    """

    def __init__(
        self,
        targeting_key: str,
        identifiers: Mapping[str, str] | Collection[str],
        force_attribute: str | None,
    ) -> None:
        if isinstance(identifiers, str):
            raise ConfigurationError(
                f"identifiers is the string {identifiers!r}; a tuple with one element needs a "
                f"comma: ({identifiers!r},)"
            )
        if not isinstance(identifiers, Mapping):
            identifiers = {name: name for name in identifiers}
        self._targeting_key = targeting_key
        self._identifiers = dict(identifiers)
        self._force_attribute = force_attribute
        _check(targeting_key, self._identifiers, force_attribute)

    def request(self, given: EvaluationContext | None, test: str) -> GroupsRequest:
        """Return the request to a source for *test*. Raises InvalidContextError."""
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
                f"The identifier {key!r} is given more than once, by the targeting key or by the "
                f"attributes {sorted(identifiers)}; give it only once"
            )
    if force in identifiers:
        raise ConfigurationError(
            f"The attribute {force!r} cannot both be an identifier and force groups; use two "
            "attributes"
        )


def _forced(name: str, value: object) -> ForceGroups | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidContextError(
            f"the attribute {name!r}, which forces groups, is of type {type(value).__name__}; "
            "give a string as in prforceGroups, for example 'buttoncolortst2'"
        )
    return ForceGroups.parse(value)
