"""Parse, create and increment allocation ids [AllocationIdUtil].

An id consists of `#`, letters and a number. An allocation's letters never change. A new number
means that results from before and after the change must not be pooled. The letters are a base 26
number in which A is 0. Therefore, Z is followed by BA, and AA equals A.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from proctor.core.authoring.refusals import Refusal, refuse
from proctor.core.java.numerals import wrap
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AllocationId",
    "compare_ids",
    "highest_letters",
    "letters_number",
    "letters_of",
    "new_id",
    "next_id",
    "next_id_among",
    "parse_id",
]

_ID = re.compile(r"#([A-Z]+)([0-9]+)")
_INT_MAX = 2**31 - 1


class AllocationId(NamedTuple):
    """The parts of an allocation id."""

    letters: str
    number: int


def parse_id(text: str) -> AllocationId | None:
    """Return the parts of an allocation id, or None if it is not written like `#A1`."""
    found = _ID.fullmatch(text)
    # Real ids never have thousands of digits, and parsing them would take a long time.
    return None if found is None or len(found[2]) > 1000 else AllocationId(found[1], int(found[2]))


def letters_of(index: int) -> str:
    """Return the letters for an allocation's number, which counts from 0: A, B, ... Z, BA, BB.

    Raises Refusal for a negative number, which occurs if letters overflow 32 bits.
    """
    if index < 0:
        raise refuse(
            "id-letters",
            Sentence(gettext_noop("expected a number of 0 or more, got {index}"), index=index),
        )
    letters = ""
    while True:
        index, digit = divmod(index, 26)
        letters = chr(ord("A") + digit) + letters
        if not index:
            return letters


def letters_number(letters: str) -> int:
    """Return the number for *letters* as a 32-bit integer. The number for "" is 0.

    Raises Refusal for any character except A to Z.
    """
    number = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            raise refuse(
                "id-letters",
                Sentence(
                    gettext_noop("expected letters from A to Z, got {letter!r}"), letter=letter
                ),
                f"Invalid letter: {letter}, the letter should be upper case A -> Z",
            )
        number = wrap(number * 26 + ord(letter) - ord("A"), 32)
    return number


def new_id(index: int, number: int = 1) -> str:
    """Return the id for a new allocation at *index*, for example `#A1` at index 0."""
    return f"#{letters_of(index)}{number}"


def next_id(text: str) -> str:
    """Return the id with the next number: `#A10` for `#A9`.

    Raises Refusal for an id in any other format. The greatest 32-bit number wraps around, as in
    Java Proctor.
    """
    found = _ID.fullmatch(text)
    if found is None:
        raise refuse(
            "id-version",
            Sentence(
                gettext_noop("expected an allocation id such as #A1, got {text!r}"), text=text
            ),
            f"Could not get the next version of allocation id for {text}",
        )
    digits = found[2].lstrip("0") or "0"
    if len(digits) > 10 or int(digits) > _INT_MAX:
        raise _too_large(text, f'For input string: "{found[2]}"')
    return f"#{found[1]}{wrap(int(digits) + 1, 32)}"


def _too_large(text: str, java_message: str | None = None) -> Refusal:
    return refuse(
        "id-overflow",
        Sentence(
            gettext_noop(
                "the number of the allocation id {text} is too large; write a smaller one"
            ),
            text=text[:40],
        ),
        java_message,
    )


def compare_ids(one: str, other: str) -> int:
    """Compare the letters of two ids: return -1 if *one* comes first, 1 if *other* does, else 0.

    Raises Refusal for an id that is not written like `#A1`.
    """
    if len(one) <= 2 or len(other) <= 2:
        raise refuse(
            "id-length",
            Sentence(
                gettext_noop("expected two allocation ids such as #A1, got {one!r} and {other!r}"),
                one=one,
                other=other,
            ),
            f"Invalid allocation id, id1: {one}, id2: {other}",
        )
    left, right = _number_of(one), _number_of(other)
    return (left > right) - (left < right)


def _number_of(text: str) -> int:
    found = _ID.fullmatch(text)
    if found is None:
        raise refuse(
            "id-format",
            Sentence(
                gettext_noop("expected an allocation id such as #A1, got {text!r}"), text=text
            ),
            f"Allocation id format is incorrect {text}",
        )
    return letters_number(found[1])


def highest_letters(used: Iterable[str]) -> int:
    """Return the highest `letters_number` of the *used* ids, or -1 if there are no ids.

    Raises Refusal for an id that is not written like `#A1`.
    """
    highest: str | None = None
    for text in used:
        if highest is None or (text != highest and compare_ids(highest, text) < 0):
            highest = text
    return -1 if highest is None else _number_of(highest)


def next_id_among(text: str, used: Iterable[str]) -> str:
    """Return an id with the same letters and a number higher than any used with these letters.

    This is our own rule: Java Proctor checks only one branch, and can assign the same id to two
    splits. Raises Refusal for an id that is not written like `#A1`, and for the largest 32-bit
    number. Malformed ids in *used* are ignored.
    """
    following = next_id(text)
    mine = parse_id(following)
    if mine is None:
        # The number wrapped around to a negative one, which would come before all other numbers.
        raise _too_large(text)
    numbers = [each.number for each in map(parse_id, used) if each and each.letters == mine.letters]
    return f"#{mine.letters}{max([mine.number - 1, *numbers]) + 1}"
