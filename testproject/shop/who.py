"""What the page /you/ tells a visitor of his groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.configuration import current_configuration
from proctor.core import GroupsRequest, MatrixSource, ProctorError
from proctor.forced import forced_groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor import GroupAssignment
    from proctor.core.explanation import Explanation
    from testproject.shop.middleware import ShopRequest


@dataclass(frozen=True, slots=True)
class Segment:
    """A range of the allocation in the picture, in per cent of its width."""

    bucket: str
    start: str
    width: str
    middle: str
    is_wide: bool
    is_hit: bool
    #: Which of the picture's shades it has.
    shade: int


@dataclass(frozen=True, slots=True)
class TestOfVisitor:
    """One test: the visitor's group, and how it came about."""

    # pytest looks for classes by their name.
    __test__ = False

    name: str
    assignment: GroupAssignment
    #: None where the source cannot say, or does not have the test.
    explanation: Explanation | None
    segments: tuple[Segment, ...] = ()
    #: Where the visitor stands in the picture, in per cent; None where he was not placed.
    position: str | None = None


def tests_of(request: ShopRequest) -> list[TestOfVisitor]:
    """Every declared test, as the visitor of this request has it."""
    proc = request.proc
    return [_describe(request, name, proc.peek(name)) for name in proc]


def _describe(request: ShopRequest, name: str, assignment: GroupAssignment) -> TestOfVisitor:
    explanation = _explain(request, name, is_forced=assignment.forced)
    if explanation is None:
        return TestOfVisitor(name, assignment, None)
    # The picture shows where the hash leads, also where the visitor asked for another group.
    plain = explanation.unforced or explanation
    position = None if not plain.ranges or plain.share is None else _per_cent(plain.share)
    return TestOfVisitor(name, assignment, explanation, tuple(_segments(plain)), position)


def _explain(request: ShopRequest, name: str, *, is_forced: bool) -> Explanation | None:
    source = current_configuration().source
    if not isinstance(source, MatrixSource):
        return None
    asked = GroupsRequest(
        identifiers=request.identifiers,
        context=request.context,
        # Whether he may force was asked when the group was determined.
        force_groups=forced_groups(request) if is_forced else None,
    )
    try:
        return source.explain(asked, name)
    except ProctorError:
        return None


def _segments(explanation: Explanation) -> Iterator[Segment]:
    for each in explanation.ranges:
        width = each.end - each.start
        if width > 0:
            yield Segment(
                bucket=each.bucket_name,
                start=_per_cent(each.start),
                width=_per_cent(width),
                middle=_per_cent(each.start + width / 2),
                is_wide=width > 0.15,
                is_hit=each.hit,
                shade=each.bucket_value % 4,
            )


def _per_cent(share: float) -> str:
    return f"{100 * share:.3f}%"
