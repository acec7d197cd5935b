"""Rows of the Edit form, with the names, ids, labels and problems of their fields."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from proctor.editor.pages.form.form_document import document_of_state
from proctor.editor.pages.form.form_shares import percent_text, raised, share_of
from proctor.editor.pages.form.form_state import integer_of
from proctor.editor.pages.form.form_steps import OPERATORS
from proctor.editor.pages.shown import color_of
from proctor.editor.pages.words import rule_words
from proctor.editor.specifications.known import read_applications

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proctor.editor.pages.form.form_check import FieldProblem
    from proctor.editor.pages.form.form_state import AllocationRow, BucketRow, FormState

__all__ = ["ShownForm", "shown_form"]

#: The percentages on the "Raise to" buttons.
_STEPS = (10, 25, 50, 100)


@dataclass(frozen=True, slots=True)
class ShownShare:
    """The share of one bucket, in percent."""

    name: str
    label: str
    value: str
    is_remainder: bool


@dataclass(frozen=True, slots=True)
class ShownBucket:
    """A row in the list of buckets."""

    index: int
    row: BucketRow
    color: str
    problems: list[str]


@dataclass(frozen=True, slots=True)
class ShownAllocation:
    """A card in the list of allocations."""

    index: int
    row: AllocationRow
    shares: list[ShownShare]
    total: str
    is_whole: bool
    words: str
    raises: list[int]
    is_first: bool
    is_last: bool
    #: An allocation without a rule matches every visitor. If the last allocation has no rule, it
    #: must stay last, so that visitors can reach the other allocations.
    can_go_up: bool
    can_go_down: bool
    can_be_removed: bool
    problems: list[str]

    @property
    def number(self) -> int:
        """The number shown on the card, counted from 1."""
        return self.index + 1

    @property
    def anchor(self) -> str:
        """The id of the card's HTML element."""
        return f"allocation-{self.index}"

    @property
    def build(self) -> str:
        """The prefix of the condition builder's field names."""
        return f"build-{self.index}"

    @property
    def step(self) -> str:
        """The value that the condition builder's button sends."""
        return f"build-{self.index}"


@dataclass(frozen=True, slots=True)
class ShownForm:
    """The whole form."""

    state: FormState
    buckets: list[ShownBucket]
    allocations: list[ShownAllocation]
    problems: dict[str, list[str]]
    #: Names and types of the variables that rules may use.
    variables: list[tuple[str, str]]
    operators: list[tuple[str, str]]
    rule_words: str


def shown_form(state: FormState, problems: Iterable[FieldProblem]) -> ShownForm:
    """Convert the form to the data that the page's template needs."""
    by_field: dict[str, list[str]] = {}
    for each in problems:
        by_field.setdefault(each.field, []).append(each.message)
    types = read_applications().variables
    constants = document_of_state(state).document["constants"]
    is_text = state.texts["payload_type"] == "stringValue"
    return ShownForm(
        state,
        [
            ShownBucket(
                index,
                row,
                color_of(row.payload.strip()) if is_text else "",
                by_field.get(f"bucket-{index}", []),
            )
            for index, row in enumerate(state.buckets)
        ],
        [_allocation(state, index, by_field, constants) for index in range(len(state.allocations))],
        by_field,
        [(name, each.name) for name, each in types.items()],
        _operators(),
        rule_words(state.texts["rule"], constants),
    )


def _operators() -> list[tuple[str, str]]:
    words = {
        "==": _("is"),
        "!=": _("is not"),
        "in": _("is one of"),
        "<": _("is below"),
        "<=": _("is at most"),
        ">": _("is above"),
        ">=": _("is at least"),
    }
    return [(each, words[each]) for each in words if each in OPERATORS]


def _allocation(
    state: FormState, index: int, problems: dict[str, list[str]], constants: dict[str, Any]
) -> ShownAllocation:
    row = state.allocations[index]
    rest = [each.is_remainder for each in state.buckets]
    lone = rest.count(True) == 1
    shares = [
        ShownShare(
            f"share-{index}-{place}",
            bucket.name or _("bucket %(value)s") % {"value": bucket.value},
            row.shares[place],
            lone and bucket.is_remainder,
        )
        for place, bucket in enumerate(state.buckets)
    ]
    found = [share_of(each) for each in row.shares]
    total = sum((each for each in found if each is not None), Fraction(0))
    last = len(state.allocations) - 1
    # Cards from this index onward cannot be reordered.
    fixed = last + bool(state.allocations[last].rule.strip())
    return ShownAllocation(
        index,
        row,
        shares,
        percent_text(total),
        abs(total - 1) < 1e-9 and None not in found,
        rule_words(row.rule, constants),
        _raises(state, found),
        index == 0,
        index == last,
        0 < index < fixed,
        index + 1 < fixed,
        index < fixed and last > 0,
        problems.get(f"allocation-{index}", []),
    )


def _raises(state: FormState, shares: list[Fraction | None]) -> list[int]:
    """Return the percentages to which the live groups can be raised."""
    known: dict[int, Fraction] = {}
    for bucket, share in zip(state.buckets, shares, strict=True):
        value = integer_of(bucket.value)
        if share is None or value is None:
            return []
        known[value] = share
    if raised(known, Fraction(1, 2)) is None:
        return []
    live = sum((share for value, share in known.items() if value >= 0), Fraction(0))
    return [step for step in _STEPS if step > live * 100]
