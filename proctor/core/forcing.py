"""Force groups: the text with which a person asks for certain groups.

    buttoncolortst2,newfeaturerollout0,default_to_fallback,t1;longValue:5

The text comes from a URL, a header or a cookie, so it may hold anything. It is read as the
Java's ForceGroupsOptionsStrings reads it: entries are looked for, and what is none is
passed over. An entry is a test's name with a bucket value, perhaps with a payload, or the
name of a default mode.
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

from proctor.core.forced_payloads import apply_payload, read_payload, write_payload
from proctor.core.frozen import FrozenDict
from proctor.core.rules.numerals import parse_integer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from proctor.core.payloads import Payload

__all__ = ["MAX_LENGTH", "MAX_TESTS", "DefaultMode", "ForceGroups", "apply_payload"]

logger = logging.getLogger(__name__)

#: Characters of a text that are looked at: what fits into a cookie, and more than anyone types.
MAX_LENGTH = 4096
#: Tests that one text can force.
MAX_TESTS = 256

_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1


class DefaultMode(enum.Enum):
    """What becomes of the tests that are not forced (Java: ForceGroupsDefaultMode)."""

    #: They are evaluated as ever.
    NONE = ""
    #: They have no group.
    FALLBACK = "default_to_fallback"
    #: Where they would have one, they have the smallest bucket that is in use.
    MIN_LIVE = "default_to_min_live"


_MODES = {mode.value: mode for mode in DefaultMode if mode is not DefaultMode.NONE}

# The grammar. Java's regular expression for it may take time beyond all measure, so words
# are cut by hand, and a payload's pattern has only one way to match anything.
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
    """The pattern of a payload; compiling it takes long enough to wait for the first one."""
    return re.compile(_PAYLOAD)


def _payload_at(text: str, position: int) -> re.Match[str] | None:
    return _payload_pattern().match(text, position) if text.startswith(";", position) else None


def _entries(text: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """The entries of *text*: a group or a token, and the payload behind it.

    What does not end at a comma, or with the text, is none; the search goes on behind it.
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
            yield text[start:end], payload


def _split_group(group: str) -> tuple[str, str] | None:
    """The test's name and the digits of the bucket value, with their sign."""
    stem = group.rstrip(string.digits)
    # The Java wants two characters before the digits, of which a minus may be one.
    if len(stem) < 2 or stem == group:
        return None
    end = len(stem) - 1 if stem.endswith("-") else len(stem)
    return group[:end], group[end:]


def _within_length(text: str) -> str:
    """*text*, or of one that is too long the entries that are whole within the limit."""
    if len(text) <= MAX_LENGTH:
        return text
    logger.warning(
        "Force groups of %d characters are read only to character %d; force fewer tests",
        len(text),
        MAX_LENGTH,
    )
    return text[: text.rfind(",", 0, MAX_LENGTH + 1) + 1]


@dataclass(frozen=True, slots=True)
class ForceGroups:
    """What is forced: buckets and payloads by test, and what becomes of the other tests.

    The mappings are read-only. Two values with the same content are equal. A value without
    content is false.
    """

    #: Bucket values by test, declared or not.
    groups: Mapping[str, int] = field(default_factory=FrozenDict)
    #: Payloads by test; `apply_payload` says whether a bucket takes one.
    payloads: Mapping[str, Payload] = field(default_factory=FrozenDict)
    default_mode: DefaultMode = DefaultMode.NONE

    def __post_init__(self) -> None:
        """Keep copies that nobody can change."""
        object.__setattr__(self, "groups", FrozenDict(self.groups))
        object.__setattr__(self, "payloads", FrozenDict(self.payloads))

    @classmethod
    def parse(cls, text: str | None, payload_tests: Collection[str] = ()) -> ForceGroups:
        """What *text* forces; never an error (Java: parseForceGroupsString).

        What is no entry is dropped. A payload is kept only for a test in *payload_tests*.
        Of a text beyond `MAX_LENGTH` characters the whole entries before that are read; of
        more than `MAX_TESTS` tests the first ones are forced. Both are logged as warnings,
        a bucket value of more than 32 bits as an error.
        """
        reader = _Reader(payload_tests)
        reader.read(text or "")
        return cls(reader.groups, reader.payloads, reader.mode)

    @classmethod
    def parse_cookie(cls, *values: str, payload_tests: Collection[str] = ()) -> ForceGroups:
        """What the values of cookies force, of which a browser may send several.

        They are in the form of `cookie_value`, quoted or not, and stand in the order of the
        request: the last one wins for a test. One that is badly URL-encoded is left out.
        """
        texts = [text for value in values if (text := _url_decoded(value)) is not None]
        return cls.parse(",".join(texts), payload_tests)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is forced, nor a default mode set."""
        return not self.groups and self.default_mode is DefaultMode.NONE

    def __bool__(self) -> bool:
        return not self.is_empty

    def __str__(self) -> str:
        """The text that forces this: the mode first, then the tests by name.

        Except for the order this is the Java's text. A payload's double beyond seven digits
        has an exponent there, and neither reads such an entry back.
        """
        mode = [self.default_mode.value] if self.default_mode.value else []
        return ",".join(mode + [self._entry(name) for name in sorted(self.groups)])

    def _entry(self, name: str) -> str:
        entry = f"{name}{self.groups[name]}"
        payload = self.payloads.get(name)
        return entry if payload is None else f"{entry};{write_payload(payload)}"

    def cookie_value(self) -> str:
        """`str()` of this as Java's URLEncoder writes it, for a cookie that both read."""
        # Java leaves the asterisk alone, and not the tilde; Python has it the other way.
        return quote_plus(str(self), safe="*", errors="replace").replace("~", "%7E")

    def merge(self, other: ForceGroups) -> ForceGroups:
        """Both, as if *other*'s entries came behind these in one text."""
        mode = self.default_mode if other.default_mode is DefaultMode.NONE else other.default_mode
        return ForceGroups(
            {**self.groups, **other.groups}, {**self.payloads, **other.payloads}, mode
        )

    def with_group(self, name: str, value: int) -> ForceGroups:
        """A copy with the test *name* forced to the bucket *value* and its own payload.

        ValueError where the text could not say so: the name has other characters than ASCII
        letters, digits and underscores, or cannot be told from a value of 0 or more behind
        it, or the value is beyond 32 bits.
        """
        entry = f"{name}{value}"
        readable = list(_entries(entry)) == [(entry, None)]
        if not (
            readable and _split_group(entry) == (name, str(value)) and _INT_MIN <= value <= _INT_MAX
        ):
            raise ValueError(
                f"bucket {value} of the test {name[:80]!r} cannot be written as force groups; "
                "a name needs two or more ASCII letters, digits or underscores, no digit at its "
                "end, and the value at most 32 bits"
            )
        rest = self.without(name)
        return ForceGroups({**rest.groups, name: value}, rest.payloads, self.default_mode)

    def without(self, name: str) -> ForceGroups:
        """A copy with the test *name* no longer forced; no error if it is not."""
        groups = {test: value for test, value in self.groups.items() if test != name}
        payloads = {test: payload for test, payload in self.payloads.items() if test != name}
        return ForceGroups(groups, payloads, self.default_mode)


class _Reader:
    """Collects what a text forces."""

    def __init__(self, payload_tests: Collection[str]) -> None:
        self.groups: dict[str, int] = {}
        self.payloads: dict[str, Payload] = {}
        self.mode = DefaultMode.NONE
        self._payload_tests = payload_tests
        self._too_many = False

    def read(self, text: str) -> None:
        """Take in the entries of *text*; a later one replaces an earlier."""
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
                logger.warning("Only %d tests can be forced; %.80r is not", MAX_TESTS, name)
            return
        self.groups[name] = value
        if payload and name in self._payload_tests:
            read = read_payload(payload[1], payload[2])
            if read is not None:
                # An entry without a payload leaves an earlier one's in place, as in the Java.
                self.payloads[name] = read


_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _url_decoded(value: str) -> str | None:
    """Java's URLDecoder; None where it throws."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return None if _BAD_ESCAPE.search(value) else unquote_plus(value)
