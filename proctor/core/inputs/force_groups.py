"""Force groups: text with which a visitor requests specific groups.

    buttoncolortst2,newfeaturerollout0,default_to_fallback,t1;longValue:5

The text comes from a URL, a header or a cookie, so it can contain anything. Like Java's
ForceGroupsOptionsStrings, this module searches for entries and skips everything else. An entry is
either a default mode, or a test's name followed by a bucket value and, optionally, a payload.
"""

from __future__ import annotations

import enum
import functools
import logging
import re
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, unquote_plus

from proctor.core.inputs.forced_payloads import apply_payload, read_payload, write_payload
from proctor.core.java.frozen import FrozenDict
from proctor.core.java.numerals import parse_integer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from proctor.core.matrices.payloads import Payload

__all__ = ["MAX_LENGTH", "MAX_TESTS", "DefaultMode", "ForceGroups", "apply_payload"]

logger = logging.getLogger("proctor.force")

#: Maximum number of characters that are read: as many as fit into a cookie.
MAX_LENGTH = 4096
#: Maximum number of tests that one string can force.
MAX_TESTS = 256

_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1


class DefaultMode(enum.Enum):
    """What happens in tests that are not forced (Java: ForceGroupsDefaultMode)."""

    #: Tests that are not forced are evaluated as usual.
    NONE = ""
    #: Visitors get no group in tests that are not forced.
    FALLBACK = "default_to_fallback"
    #: In tests that are not forced, visitors who would get a group get the smallest live bucket
    #: instead.
    MIN_LIVE = "default_to_min_live"


_MODES = {mode.value: mode for mode in DefaultMode if mode is not DefaultMode.NONE}

# The grammar of force groups. Java's regular expression for it can take exponential time. This
# module splits names and values in code instead, and its pattern for payloads can match a text in
# only one way.
_SPACES = r"[ \t\n\x0b\f\r]*"
_STRING = r'"[^"\\]*(?:\\[^\n\r\x85\u2028\u2029][^"\\]*)*"'
_SCALAR = rf"(?:-?[0-9]+(?:\.[0-9]*)?|{_STRING})"
_ARRAY = rf"\[(?:{_SPACES}{_SCALAR}(?:{_SPACES},{_SPACES}{_SCALAR})*)?\]"
_FIELD = rf"{_STRING}{_SPACES}:{_SPACES}(?:{_SCALAR}|{_ARRAY})"
_MAP = rf"\{{(?:{_SPACES}{_FIELD}(?:{_SPACES},{_SPACES}{_FIELD})*)?\}}"
_PAYLOAD = rf";([A-Za-z0-9_]+):({_SCALAR}|{_ARRAY}|{_MAP})"
_WORD = re.compile(r"[A-Za-z0-9_]+")
_NEGATIVE = re.compile(r"-[0-9]+")
_NOT_DIGITS = string.ascii_letters + "_"
_TOKEN_LETTERS = string.ascii_lowercase + "_"


@functools.cache
def _payload_pattern() -> re.Pattern[str]:
    """Return the pattern of a payload, compiled on first use because compiling is slow."""
    return re.compile(_PAYLOAD)


def _payload_at(text: str, position: int) -> re.Match[str] | None:
    return _payload_pattern().match(text, position) if text.startswith(";", position) else None


def _entries(text: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Yield each entry of *text* (a group or a mode), and the payload that follows the entry."""
    for start, end, payload in _entry_spans(text):
        yield text[start:end], payload


def _entry_spans(text: str) -> Iterator[tuple[int, int, re.Match[str] | None]]:
    """Yield the start and end of each entry of *text*, and the payload after it.

    An entry must end at a comma or at the end of the text. Any other entry is skipped.
    """
    position = 0
    while run := _WORD.search(text, position):
        start, end = run.span()
        payload = None
        numbered = run[0].rstrip(_NOT_DIGITS)
        if negative := _NEGATIVE.match(text, end):
            end = negative.end()
            payload = _payload_at(text, end)
        elif len(numbered) > 1:
            end = start + len(numbered)
            payload = _payload_at(text, end)
        else:
            start += len(run[0].rstrip(_TOKEN_LETTERS))
        position = payload.end() if payload else end
        if position == len(text) or text[position] == ",":
            yield start, end, payload


def _split_group(group: str) -> tuple[str, str] | None:
    """Return the test's name, and the bucket value's digits and sign."""
    stem = group.rstrip(string.digits)
    # Java Proctor requires two characters before the digits; a minus sign counts as one.
    if len(stem) < 2 or stem == group:
        return None
    end = len(stem) - 1 if stem.endswith("-") else len(stem)
    return group[:end], group[end:]


def _within_length(text: str) -> str:
    """Return *text* or, if it is too long, only the first entries that fit completely."""
    if len(text) <= MAX_LENGTH:
        return text
    logger.warning(
        "Force groups of %d characters are read only up to character %d; force fewer tests",
        len(text),
        MAX_LENGTH,
    )
    return text[: text.rfind(",", 0, MAX_LENGTH + 1) + 1]


@dataclass(frozen=True, slots=True)
class ForceGroups:
    """Forced buckets and payloads by test name, and the mode for all other tests.

    The mappings are read-only. Two objects with the same content are equal. An object without
    content is false.
    """

    #: Bucket values by test name. The tests and values need not exist in a matrix.
    groups: Mapping[str, int] = field(default_factory=FrozenDict)
    #: Payloads by test name. `apply_payload` decides whether the bucket accepts a payload.
    payloads: Mapping[str, Payload] = field(default_factory=FrozenDict)
    default_mode: DefaultMode = DefaultMode.NONE

    def __post_init__(self) -> None:
        """Store immutable copies."""
        object.__setattr__(self, "groups", FrozenDict(self.groups))
        object.__setattr__(self, "payloads", FrozenDict(self.payloads))

    @classmethod
    def parse(cls, text: str | None, payload_tests: Collection[str] = ()) -> ForceGroups:
        """Return the groups that *text* forces. Never raises (Java: parseForceGroupsString).

        Malformed entries are dropped. A payload is kept only for a test in *payload_tests*. Only
        the entries within the first `MAX_LENGTH` characters are read, and only the first
        `MAX_TESTS` tests are forced. In both cases a warning is logged. For a bucket value with
        more than 32 bits, an error is logged.
        """
        reader = _Reader(payload_tests)
        reader.read(text or "")
        return cls(reader.groups, reader.payloads, reader.mode)

    @staticmethod
    def malformed(text: str) -> tuple[str, ...]:
        """Return the parts of *text* that `parse` silently drops, as they were written."""
        refused: list[str] = []
        position = 0
        for start, end, payload in _entry_spans(text):
            refused += _parts(text[position:start])
            entry = text[start:end]
            parts = _split_group(entry)
            if entry not in _MODES and (parts is None or not _fits(parts[1])):
                refused.append(entry)
            position = payload.end() if payload else end
        return (*refused, *_parts(text[position:]))

    @classmethod
    def parse_cookie(cls, *values: str, payload_tests: Collection[str] = ()) -> ForceGroups:
        """Return the groups that cookies force. A browser can send several cookies.

        Each of *values* is in the format of `cookie_value`, quoted or not. The values must be in
        the order in which the request contains them. If several cookies force the same test, the
        last one wins. Values with invalid URL encoding are ignored.
        """
        texts = [text for value in values if (text := _url_decoded(value)) is not None]
        return cls.parse(",".join(texts), payload_tests)

    @property
    def is_empty(self) -> bool:
        """True if nothing is forced and no default mode is set."""
        return not self.groups and self.default_mode is DefaultMode.NONE

    def __bool__(self) -> bool:
        return not self.is_empty

    def __str__(self) -> str:
        """Return the forced groups as text: the mode, followed by the tests sorted by name.

        Except for the order, Java writes the same text. In payloads, doubles with more than seven
        digits are written with an exponent, as in Java. Neither Java nor this class can read such
        an entry.
        """
        mode = [self.default_mode.value] if self.default_mode.value else []
        return ",".join(mode + [self._entry(name) for name in sorted(self.groups)])

    def _entry(self, name: str) -> str:
        entry = f"{name}{self.groups[name]}"
        payload = self.payloads.get(name)
        return entry if payload is None else f"{entry};{write_payload(payload)}"

    def cookie_value(self) -> str:
        """Return `str()` as Java's URLEncoder encodes it, for a cookie that Java can also read."""
        # Java does not escape the asterisk but escapes the tilde. Python does the opposite.
        return quote_plus(str(self), safe="*", errors="replace").replace("~", "%7E")

    def merge(self, other: ForceGroups) -> ForceGroups:
        """Return this object combined with *other*, as if the entries of *other* came last."""
        mode = self.default_mode if other.default_mode is DefaultMode.NONE else other.default_mode
        return ForceGroups(
            {**self.groups, **other.groups}, {**self.payloads, **other.payloads}, mode
        )

    def with_group(self, name: str, value: int) -> ForceGroups:
        """Return a copy that also forces bucket *value* of test *name*, with the bucket's payload.

        Raises ValueError if the group cannot be written as text: if the name contains characters
        other than ASCII letters, digits and underscores; if the text could not be split back into
        *name* and *value*; or if the value has more than 32 bits.
        """
        entry = f"{name}{value}"
        readable = list(_entries(entry)) == [(entry, None)]
        if not (
            readable and _split_group(entry) == (name, str(value)) and _INT_MIN <= value <= _INT_MAX
        ):
            raise ValueError(
                f"bucket {value} of the test {name[:80]!r} cannot be written as force groups; "
                "the name must have two or more ASCII letters, digits or underscores and not end "
                "in a digit, and the value must fit into 32 bits"
            )
        rest = self.without(name)
        return ForceGroups({**rest.groups, name: value}, rest.payloads, self.default_mode)

    def without(self, name: str) -> ForceGroups:
        """Return a copy that does not force the test *name*, whether or not this object does."""
        groups = {test: value for test, value in self.groups.items() if test != name}
        payloads = {test: payload for test, payload in self.payloads.items() if test != name}
        return ForceGroups(groups, payloads, self.default_mode)


class _Reader:
    """Collects the groups that a text forces."""

    def __init__(self, payload_tests: Collection[str]) -> None:
        self.groups: dict[str, int] = {}
        self.payloads: dict[str, Payload] = {}
        self.mode = DefaultMode.NONE
        self._payload_tests = payload_tests
        self._too_many = False

    def read(self, text: str) -> None:
        """Add the entries of *text*. A later entry replaces an earlier one."""
        for entry, payload in _entries(_within_length(text)):
            if parts := _split_group(entry):
                self._force(*parts, payload)
            elif entry in _MODES:
                self.mode = _MODES[entry]

    def _force(self, name: str, digits: str, payload: re.Match[str] | None) -> None:
        try:
            value = parse_integer(digits, _INT_MIN, _INT_MAX)
        except ValueError:
            logger.error("Unable to parse bucket value %.40s as integer", digits)
            return
        if name not in self.groups and len(self.groups) == MAX_TESTS:
            if not self._too_many:
                self._too_many = True
                logger.warning("Only %d tests can be forced; %.80r is ignored", MAX_TESTS, name)
            return
        self.groups[name] = value
        if payload and name in self._payload_tests:
            read = read_payload(payload[1], payload[2])
            if read is not None:
                # An entry without a payload keeps the payload of an earlier entry, as in Java.
                self.payloads[name] = read


def _parts(text: str) -> list[str]:
    """Split the text at commas, and return the parts that are not empty."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _fits(digits: str) -> bool:
    try:
        parse_integer(digits, _INT_MIN, _INT_MAX)
    except ValueError:
        return False
    return True


#: How http.cookies writes a comma in a quoted cookie value.
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _url_decoded(value: str) -> str | None:
    """Decode *value* as Java's URLDecoder does. Return None if its encoding is invalid.

    Commas that version 1 escaped are also decoded.
    """
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = _OCTAL.sub(lambda found: chr(int(found[1], 8)), value[1:-1])
    return None if _BAD_ESCAPE.search(value) else unquote_plus(value)
