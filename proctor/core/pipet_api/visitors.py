"""Read a visitor's identifiers and context from a request, as configured.

Java: Extractor, Converter. A value comes from a query parameter named `id.KEY` or `ctx.KEY`, or
from a header named `KEY`, where KEY is the source key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proctor.core.exceptions import ConversionError
from proctor.core.java.context_types import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.api_reply import Headers
    from proctor.core.inputs.source_keys import ContextVariable, IdentifierVariable
    from proctor.core.inputs.variables import Variables

__all__ = ["CONTEXT", "IDENTIFIER", "BadRequest", "Visitor", "VisitorReader", "key_of"]

#: The prefixes of source keys in a query.
CONTEXT, IDENTIFIER = "ctx.", "id."


class BadRequest(Exception):  # noqa: N818 - the name of the status
    """Raised for a request that is rejected with status 400. Its text is the response's message."""


class Visitor(NamedTuple):
    """The visitor that a request describes."""

    #: Identifiers, by test type. An empty identifier counts as an identifier.
    identifiers: dict[str, str]
    #: The raw values, by variable name.
    context: dict[str, object]
    #: The values that rules see, by variable name.
    converted: dict[str, object]


def key_of(variable: ContextVariable | IdentifierVariable, prefix: str) -> str:
    """Return the name of a value in messages and `config/` responses, such as `ctx.country`."""
    return prefix + variable.source_key if variable.source == "QUERY" else variable.source_key


class VisitorReader:
    """Reads visitors from requests, according to *variables*.

    If no context is declared, each `ctx.NAME` parameter sets the variable NAME. If
    `variables.self_named` is True, the names of *test_types* can also be used as source keys.
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
        """Return the visitor that a request describes.

        Raises BadRequest with Java Proctor's message.
        """
        raw = self._raw_context(query, header)
        identifiers: dict[str, str] = {}
        for test_type, source, key in self._routes:
            value = query.get(key) if source == "QUERY" else header(key)
            # If two keys have the same test type, the later one wins.
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
