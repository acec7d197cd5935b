"""Read the evaluation context from the body of a request, which could be hostile."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from proctor.core.flags.errors import FlagError, FlagErrorCode

__all__ = ["MAX_ATTRIBUTES", "MAX_BODY", "MAX_DEPTH", "TARGETING_KEY", "read_context"]

#: Maximum size of a body, in bytes.
MAX_BODY = 64 * 1024
#: Maximum number of attributes in a context.
MAX_ATTRIBUTES = 500
#: Maximum depth of objects and arrays below an attribute.
MAX_DEPTH = 8

#: The attribute that identifies the visitor.
TARGETING_KEY = "targetingKey"


def read_context(body: bytes) -> dict[str, Any]:
    """Return the evaluation context of a request; it is empty if the request has none.

    Raises FlagError with PARSE_ERROR if the body is not JSON, and with INVALID_CONTEXT if the
    context cannot be evaluated.
    """
    if not body.strip():
        return {}
    try:
        document = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        # The parser's message is not passed on, because it can contain part of the body.
        raise FlagError(FlagErrorCode.PARSE_ERROR, "the body is not valid JSON") from None
    if not isinstance(document, dict):
        raise _invalid('expected an object such as {"context": {"targetingKey": "…"}}')
    context = document.get("context")
    if context is None:
        return {}
    if not isinstance(context, dict):
        raise _invalid("expected an object as the context")
    if len(context) > MAX_ATTRIBUTES:
        raise _invalid(f"expected at most {MAX_ATTRIBUTES} attributes in the context")
    _check(context, 0)
    if not isinstance(context.get(TARGETING_KEY), (str, type(None))):
        raise _invalid(f"expected a string as {TARGETING_KEY}")
    return context


def _check(value: Any, depth: int) -> None:
    """Raise FlagError for a value that rules cannot handle."""
    if isinstance(value, (dict, list)):
        if depth > MAX_DEPTH:
            raise _invalid(f"expected at most {MAX_DEPTH} levels of objects and arrays")
        for each in value.values() if isinstance(value, dict) else value:
            _check(each, depth + 1)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _invalid("expected finite numbers")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise _invalid("expected whole numbers of at most 64 bits")


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _invalid(words: str) -> FlagError:
    return FlagError(FlagErrorCode.INVALID_CONTEXT, words)
