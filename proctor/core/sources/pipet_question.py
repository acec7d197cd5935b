"""Build the URL that asks a Pipet for a visitor's groups.

The length of the URL is limited, so that servers accept it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from proctor.core.exceptions import ConversionError, RequestRejected
from proctor.core.java.conversion import sent_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proctor.core.sources.source import GroupsRequest

__all__ = ["MAX_TEST_BYTES", "MAX_VISITOR_BYTES", "fingerprint", "names_fit", "question"]

#: Maximum number of bytes that the visitor's data can take up in a URL. Many servers close the
#: connection if the request line and headers exceed 8 KiB. A single visitor with a large cookie
#: would then look like an outage.
MAX_VISITOR_BYTES = 4000

#: Maximum number of bytes that the names of tests can take up in a URL. A longer list is left out,
#: and the Pipet answers for all its tests.
MAX_TEST_BYTES = 3500


def question(root: str, request: GroupsRequest, *, keep_empty: bool = False) -> str | None:
    """Return the URL to request, or None if there are no identifiers or no tests.

    Raises RequestRejected if the visitor's part of the URL is longer than `MAX_VISITOR_BYTES`, and
    ConversionError for a value that cannot be written as text.
    """
    identifiers = _identifiers(request, keep_empty)
    if not identifiers or (request.tests is not None and not request.tests):
        return None
    query = [(f"id.{key}", text) for key, text in identifiers]
    query += [(f"ctx.{key}", text) for key, text in _context(request)]
    # A lone surrogate becomes a question mark, as in Java Proctor.
    visitor = urlencode(query, errors="replace")
    forced = ""
    if request.force_groups:
        forced = "&" + urlencode({"prforceGroups": str(request.force_groups)}, errors="replace")
    length = len(visitor) + len(forced)
    if length > MAX_VISITOR_BYTES:
        raise RequestRejected(
            f"A visitor's identifiers, context and forced groups take up {length} bytes in the "
            f"URL; the maximum is {MAX_VISITOR_BYTES}",
            status=414,
        )
    tests = "" if request.tests is None else _test_parameter(tuple(request.tests))
    return f"{root}/groups/identify?{visitor}{tests}{forced}"


def fingerprint(root: str, request: GroupsRequest, *, keep_empty: bool = False) -> str | None:
    """Return a string of everything that determines the answer; None if no request is needed."""
    identifiers = _identifiers(request, keep_empty)
    if not identifiers or (request.tests is not None and not request.tests):
        return None
    # The repr of Python strings is unambiguous, and faster than building a URL.
    asked = f"{identifiers} {_context(request)} {request.force_groups}"
    return f"{root} {asked} {_shown_tests(request.tests and tuple(request.tests))}"


def names_fit(tests: Iterable[str]) -> bool:
    """Return True if the names of *tests* fit into a URL."""
    return len(_joined(tests)) <= MAX_TEST_BYTES


# Cached, because the tests are the same for all visitors.
@lru_cache(maxsize=8)
def _test_parameter(tests: tuple[str, ...]) -> str:
    return f"&test={_joined(tests)}" if names_fit(tests) else ""


@lru_cache(maxsize=8)
def _shown_tests(tests: tuple[str, ...] | None) -> str:
    return repr(tests)


def _joined(tests: Iterable[str]) -> str:
    return quote(",".join(tests), safe=",", errors="replace")


def _identifiers(request: GroupsRequest, keep_empty: bool) -> list[tuple[str, str]]:
    found = _texts(request.identifiers, "identifier")
    return found if keep_empty else [(key, text) for key, text in found if text]


def _context(request: GroupsRequest) -> list[tuple[str, str]]:
    return _texts(request.context, "context variable")


def _texts(values: Mapping[str, object], what: str) -> list[tuple[str, str]]:
    """Return pairs of a key and its value as a string, sorted by key.

    As in version 1, a key is repeated for each item if its value is a list or a tuple.
    """
    found = []
    for key in sorted(values):
        value = values[key]
        if type(value) is str:
            # A shortcut for strings, because nearly all values are strings. This code runs for each
            # visitor, even if the answer is cached.
            found.append((key, value))
            continue
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if each is None:
                continue
            try:
                found.append((key, sent_text(each)))
            except Exception as error:
                raise ConversionError(
                    f"The {what} {key!r} has a value that cannot be converted to text"
                ) from error
    return found
