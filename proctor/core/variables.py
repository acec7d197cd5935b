"""Who the visitor is: from source keys to test types and to the variables of rules.

A *source key* is the name under which an application, or a request to Pipet, gives a
value; the configuration says which test type or which context variable it means.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from proctor.core import pipet_config
from proctor.core.context_types import (
    MISSING,
    ContextType,
    Missing,
    nearest,
    pipet_type,
    shown,
    specification_type,
)
from proctor.core.conversion import plain_text
from proctor.core.exceptions import ConfigurationError, ConversionError
from proctor.core.source_keys import TEST_TYPES, ContextVariable, IdentifierVariable

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

__all__ = [
    "MISSING",
    "TEST_TYPES",
    "ContextType",
    "ContextVariable",
    "IdentifierVariable",
    "Missing",
    "Variables",
    "pipet_type",
    "specification_type",
]


class Variables:
    """What an application says of its identifiers and its context. Immutable."""

    __slots__ = ("_keys", "_routes", "context_variables", "identifier_variables", "self_named")

    #: In the order of their declaration; None where no context was declared at all.
    context_variables: tuple[ContextVariable, ...] | None
    #: In the order of their declaration.
    identifier_variables: tuple[IdentifierVariable, ...]
    #: Whether a key that is the name of a test type stands for it.
    self_named: bool

    def __init__(
        self,
        *,
        context: Iterable[ContextVariable] | None = (),
        identifiers: Iterable[IdentifierVariable] = (),
        self_named: bool = True,
    ) -> None:
        """Take the declarations; ConfigurationError for a variable declared twice.

        With *context* None any key is a variable of its own name, and rules are not
        checked against the variables when a matrix is loaded. With *self_named* a source
        key that is not declared and is the name of a test type stands for it.
        """
        self.context_variables = None if context is None else tuple(context)
        self.identifier_variables = tuple(identifiers)
        self.self_named = self_named
        self._routes = [(each.test_type, each.source_key) for each in self.identifier_variables]
        self._keys = frozenset(key for _, key in self._routes)
        seen: set[str] = set()
        for variable in self.context_variables or ():
            if variable.name in seen:
                raise ConfigurationError(
                    f"The context variable {variable.name!r} is declared twice; give one of the "
                    "declarations another name"
                )
            seen.add(variable.name)

    @classmethod
    def from_settings(
        cls,
        identifiers: Mapping[str, str] | None = None,
        context: Mapping[str, str | Mapping[str, Any]] | None = None,
        *,
        user_agent: Callable[[str], object] | None = None,
    ) -> Variables:
        """Read the declarations as an application writes them.

        *identifiers* maps source key to test type. *context* maps source key to the name
        of a type (`pipet_type`), or to a mapping with `type` and, if wanted, `name` (of the
        variable, else the key's own) and `default`; None declares no context at all.
        Raises ConfigurationError, which names the key.
        """
        return cls(
            identifiers=[_identifier(*item) for item in (identifiers or {}).items()],
            context=None
            if context is None
            else [_declared(key, options, user_agent) for key, options in context.items()],
        )

    @classmethod
    def from_pipet_config(
        cls,
        config: str | os.PathLike[str] | Mapping[str, Any],
        *,
        test_types: Iterable[str] = (),
        user_agent: Callable[[str], object] | None = None,
    ) -> Variables:
        """Read a pipet-config.json: its path, or what was parsed from it.

        *test_types* are those registered besides Proctor's own. Raises ConfigurationError
        where Pipet does not start (Java: VariableConfigurationJsonParser, JsonPipetConfig).
        """
        context, identifiers = pipet_config.read(config, (*TEST_TYPES, *test_types), user_agent)
        return cls(context=context, identifiers=identifiers, self_named=False)

    @property
    def context_types(self) -> dict[str, ContextType] | None:
        """The type of each variable by its name, as `Proctor` takes it."""
        if self.context_variables is None:
            return None
        return {variable.name: variable.type for variable in self.context_variables}

    def context(self, values: Mapping[str, object]) -> dict[str, object]:
        """The raw value of each variable by its name, from *values* by source key.

        A default stands in for a value that is missing or None. Keys that are not
        declared are left out, as Pipet leaves them, unless no context was declared.
        """
        if self.context_variables is None:
            return dict(values)
        raw: dict[str, object] = {}
        for variable in self.context_variables:
            value = values.get(variable.source_key, MISSING)
            if (value is MISSING or value is None) and variable.default is not MISSING:
                value = variable.default
            if value is not MISSING:
                raw[variable.name] = value
        return raw

    def identifiers(
        self,
        values: Mapping[str, object],
        test_types: Collection[str] = TEST_TYPES,
        *,
        keep_empty: bool = False,
    ) -> dict[str, str]:
        """The identifier of each test type, from *values* by source key.

        Values become text. None is left out, and "" too unless *keep_empty*. Of two keys
        for one test type the later declared wins, if it has a value; a key that merely is
        the name of a test type comes before all declared ones. Keys that lead nowhere are
        ignored, see `unmapped`. Raises ConversionError for a value that has no text.
        """
        found: dict[str, str] = {}
        for test_type, key in self._routes_of(values, test_types):
            text = _identifier_text(key, values.get(key))
            if text or (text is not None and keep_empty):
                found[test_type] = text
        return found

    def unmapped(
        self, keys: Iterable[str], test_types: Collection[str] = TEST_TYPES
    ) -> tuple[str, ...]:
        """Those of the source *keys* of identifiers that lead to no test type."""
        keys = tuple(keys)
        mapped = {key for kind, key in self._routes_of(keys, test_types) if kind in test_types}
        return tuple(key for key in keys if key not in mapped)

    def _routes_of(
        self, keys: Iterable[str], test_types: Collection[str]
    ) -> Iterable[tuple[str, str]]:
        if not self.self_named:
            return self._routes
        known = self._keys
        return [(key, key) for key in keys if key in test_types and key not in known] + self._routes

    def __repr__(self) -> str:
        return (
            f"Variables(context={self.context_variables!r}, "
            f"identifiers={self.identifier_variables!r})"
        )


def _identifier_text(key: str, value: object) -> str | None:
    if value is None:
        return None
    try:
        return plain_text(value)
    except Exception as error:
        raise ConversionError(
            f"The identifier {key!r} has a value without a text: {shown(value)}",
            reason=f"{type(error).__name__}: {error}",
        ) from error


def _identifier(key: str, test_type: object) -> IdentifierVariable:
    if not isinstance(test_type, str) or not test_type:
        raise ConfigurationError(
            f"The identifier {key!r} leads to {shown(test_type)}; give the name of a test "
            "type, for example 'USER'"
        )
    return IdentifierVariable(test_type, key)


_OPTIONS = ("type", "name", "default")


def _declared(
    key: str, options: object, user_agent: Callable[[str], object] | None
) -> ContextVariable:
    """One entry of the context as an application writes it."""
    if isinstance(options, str):
        options = {"type": options}
    if not isinstance(options, Mapping):
        raise ConfigurationError(
            f"The context key {key!r} is declared as {shown(options)}; give the name of a type, "
            "or a dict with 'type' and perhaps 'name' and 'default'"
        )
    for option in options:
        if option not in _OPTIONS:
            raise ConfigurationError(
                f"The context key {key!r} has the unknown option {shown(option)}: "
                f"{nearest(option, _OPTIONS)}"
            )
    type_name, name = options.get("type"), options.get("name", key)
    if not isinstance(type_name, str) or not isinstance(name, str):
        raise ConfigurationError(
            f"The context key {key!r} needs a 'type', and a 'name' if any, that are texts; "
            f"they are {shown(type_name)} and {shown(name)}"
        )
    try:
        context_type = pipet_type(type_name, user_agent=user_agent)
    except ConfigurationError as error:
        raise ConfigurationError(f"The context key {key!r}: {error}") from error
    return ContextVariable(name, context_type, key, options.get("default", MISSING))
