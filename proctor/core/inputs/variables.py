"""Map source keys to test types and to context variables.

A *source key* is the name under which an application, or a request to Pipet, passes a value. The
configuration maps each source key to a test type or a context variable.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import ConfigurationError, ConversionError
from proctor.core.inputs import pipet_config
from proctor.core.inputs.source_keys import ContextVariable, IdentifierVariable
from proctor.core.java.context_types import (
    MISSING,
    ContextType,
    Missing,
    pipet_type,
    specification_type,
)
from proctor.core.java.conversion import sent_text
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.messages import nearest, shown

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

__all__ = [
    "MISSING",
    "ContextType",
    "ContextVariable",
    "IdentifierVariable",
    "Missing",
    "Variables",
    "pipet_type",
    "specification_type",
]


class Variables:
    """The identifiers and context variables that an application declares. Immutable."""

    __slots__ = ("_keys", "_routes", "context_variables", "identifier_variables", "self_named")

    #: The context variables in the order of declaration, or None if no context was declared.
    context_variables: tuple[ContextVariable, ...] | None
    #: The declared identifiers, in the order of declaration.
    identifier_variables: tuple[IdentifierVariable, ...]
    #: True if the name of a test type is itself a source key for that type.
    self_named: bool

    def __init__(
        self,
        *,
        context: Iterable[ContextVariable] | None = (),
        identifiers: Iterable[IdentifierVariable] = (),
        self_named: bool = True,
    ) -> None:
        """Store the declarations. Raises ConfigurationError if a variable is declared twice.

        If *context* is None, every key is a variable of the same name, and rules are not checked
        against declared variables when a matrix is loaded. If *self_named* is True, an undeclared
        source key that is the name of a test type is mapped to that type.
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
        """Read the declarations from an application's settings.

        *identifiers* maps source keys to test types. *context* maps source keys to a type's name
        (see `pipet_type`), or to a mapping with `type` and, optionally, `name` (the variable's
        name, by default the key) and `default`. If *context* is None, no context is declared.
        Raises ConfigurationError for an invalid declaration; the message names the key.
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
        """Read a pipet-config.json, given as its path or its parsed content.

        *test_types* are the types registered besides Proctor's own. Raises ConfigurationError
        if Pipet would not start (Java: VariableConfigurationJsonParser, JsonPipetConfig).
        """
        context, identifiers = pipet_config.read(config, (*TEST_TYPES, *test_types), user_agent)
        return cls(context=context, identifiers=identifiers, self_named=False)

    @property
    def context_types(self) -> dict[str, ContextType] | None:
        """The types of the context variables by name, in the form that `Proctor` expects."""
        if self.context_variables is None:
            return None
        return {variable.name: variable.type for variable in self.context_variables}

    def context(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return raw values by variable name. *values* contains them by source key.

        A default replaces a value that is missing or None. As in Pipet, undeclared keys are left
        out. If no context was declared, all keys are kept.
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
        """Return identifiers by test type. *values* contains them by source key.

        Values are converted to text. None is left out, and so is "" unless *keep_empty* is true. If
        two keys with values are mapped to the same test type, the one declared later wins. An
        undeclared key that is the name of a test type has the lowest priority. Other keys are
        ignored; see `unmapped`. Raises ConversionError for a value that cannot be converted to
        text.
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
        """Return the *keys* of identifiers that are not mapped to a test type."""
        keys = tuple(keys)
        mapped = {key for kind, key in self._routes_of(keys, test_types) if kind in test_types}
        return tuple(key for key in keys if key not in mapped)

    def source_key(self, name: str, test_types: Collection[str] = TEST_TYPES) -> str | None:
        """Return the source key of an identifier. *name* is this key or a test type.

        If several keys are mapped to the test type, return the first. Return None if *name* is
        neither a source key nor a test type with a key.
        """
        if not self.unmapped([name], test_types):
            return name
        keys = [each.source_key for each in self.identifier_variables if each.test_type == name]
        return keys[0] if keys else None

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
        return sent_text(value)
    except Exception as error:
        raise ConversionError(
            f"The identifier {key!r} has a value of type {type(value).__qualname__}, which cannot "
            "be converted to text",
            reason=type(error).__name__,
        ) from error


def _identifier(key: str, test_type: object) -> IdentifierVariable:
    if not isinstance(test_type, str) or not test_type:
        raise ConfigurationError(
            f"The identifier {key!r} is mapped to {shown(test_type)}; give the name of a test "
            "type, for example 'USER'"
        )
    return IdentifierVariable(test_type, key)


_OPTIONS = ("type", "name", "default")


def _declared(
    key: str, options: object, user_agent: Callable[[str], object] | None
) -> ContextVariable:
    """Read one entry of an application's context settings."""
    if isinstance(options, str):
        options = {"type": options}
    if not isinstance(options, Mapping):
        raise ConfigurationError(
            f"The context key {key!r} is declared as {shown(options)}; give the name of a type, "
            "or a dict with 'type' and, optionally, 'name' and 'default'"
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
            f"The context key {key!r} needs strings as its 'type' and 'name'; got "
            f"{shown(type_name)} and {shown(name)}"
        )
    try:
        context_type = pipet_type(type_name, user_agent=user_agent)
    except ConfigurationError as error:
        raise ConfigurationError(f"The context key {key!r}: {error}") from error
    return ContextVariable(name, context_type, key, options.get("default", MISSING))
