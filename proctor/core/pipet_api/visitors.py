"""Who a request is about: identifiers and context, by the configuration.

(Java: Extractor, Converter.) A value comes by a parameter of the query, `id.` or `ctx.` and
the source key, or by the header of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from proctor.core.context_types import MISSING
from proctor.core.exceptions import ConversionError

if TYPE_CHECKING:
    from proctor.core.source_keys import ContextVariable, IdentifierVariable
    from proctor.core.variables import Variables

__all__ = ["CONTEXT", "IDENTIFIER", "BadRequest", "Visitor", "VisitorReader", "key_of"]

#: What stands before a source key in a query.
CONTEXT, IDENTIFIER = "ctx.", "id."

#: Gives the first header of a name, in any case; None if there is none.
Headers = Callable[[str], "str | None"]


class BadRequest(Exception):  # noqa: N818 - the name of the status
    """A request that is refused with 400; the text is the message."""


class Visitor(NamedTuple):
    """What a request says of its visitor."""

    #: By test type; an empty one is one.
    identifiers: dict[str, str]
    #: As it came, by variable.
    context: dict[str, object]
    #: As rules see it, by variable.
    converted: dict[str, object]


def key_of(variable: ContextVariable | IdentifierVariable, prefix: str) -> str:
    """Where a value comes from, as messages and `config/` call it: `ctx.country`."""
    return prefix + variable.source_key if variable.source == "QUERY" else variable.source_key


class VisitorReader:
    """Reads visitors out of requests, by what *variables* declares.

    Where no context is declared, each parameter `ctx.NAME` is a variable of that name; where
    keys may stand for the test types that they name, those of *test_types* do.
    """

    def __init__(self, variables: Variables, test_types: tuple[str, ...]) -> None:
        self._context = variables.context_variables
        self._routes = [
            (each.test_type, each.source, key_of(each, IDENTIFIER))
            for each in variables.identifier_variables
        ]
        known = {each.source_key for each in variables.identifier_variables}
        if variables.self_named:
            named = [kind for kind in test_types if kind not in known]
            self._routes[:0] = [(kind, "QUERY", IDENTIFIER + kind) for kind in named]

    def read(self, query: Mapping[str, str], header: Headers) -> Visitor:
        """The visitor of a request. Raises BadRequest with the Java's message."""
        raw = self._raw_context(query, header)
        identifiers: dict[str, str] = {}
        for test_type, source, key in self._routes:
            value = query.get(key) if source == "QUERY" else header(key)
            # Of two for one type the later one wins.
            if value is not None:
                identifiers[test_type] = value
        if not identifiers:
            raise BadRequest("Request must have at least one identifier.")
        return Visitor(identifiers, raw, self._converted(raw))

    def _raw_context(self, query: Mapping[str, str], header: Headers) -> dict[str, object]:
        if self._context is None:
            return {
                key.removeprefix(CONTEXT): value
                for key, value in query.items()
                if key.startswith(CONTEXT)
            }
        raw: dict[str, object] = {}
        for variable in self._context:
            key = key_of(variable, CONTEXT)
            value: object = query.get(key) if variable.source == "QUERY" else header(key)
            if value is None:
                if variable.default is MISSING:
                    raise BadRequest(
                        f"Required variable '{variable.name}' not found by "
                        f"'{variable.source}:{key}'. See the pipet configuration."
                    )
                value = variable.default
            raw[variable.name] = value
        return raw

    def _converted(self, raw: dict[str, object]) -> dict[str, object]:
        if self._context is None:
            return raw
        converted = {}
        for variable in self._context:
            value = raw[variable.name]
            try:
                converted[variable.name] = variable.type.convert(value)
            except ConversionError as refusal:
                raise BadRequest(
                    f"Could not convert raw value '{value}' to type '{variable.type.java_class}' "
                    f"for context variable '{variable.name}': {refusal.reason}"
                ) from refusal
        return converted
