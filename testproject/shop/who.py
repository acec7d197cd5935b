"""The explanation of a visitor's groups on the /you/ page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.core import MatrixSource, ProctorError
from proctor.resolving.site_setup import current_setup
from proctor.visits.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor import GroupAssignment
    from proctor.core.evaluation.explanation import Explanation
    from testproject.shop.middleware import ShopRequest


@dataclass(frozen=True, slots=True)
class Segment:
    """A range of the allocation, as drawn in the picture, in percent of the picture's width."""

    bucket: str
    start: str
    width: str
    middle: str
    is_wide: bool
    is_hit: bool
    #: The number of the bucket's shade in the picture.
    shade: int


@dataclass(frozen=True, slots=True)
class TestOfVisitor:
    """One test, with the visitor's group and the reason for it."""

    # pytest would collect a class whose name starts with Test.
    __test__ = False

    name: str
    assignment: GroupAssignment
    #: None if the source cannot explain the group, or does not have the test.
    explanation: Explanation | None
    segments: tuple[Segment, ...] = ()
    #: The visitor's position in the picture, in percent; None if they have no position.
    position: str | None = None


def tests_of(request: ShopRequest) -> list[TestOfVisitor]:
    """Return every declared test, with the group of this request's visitor."""
    proc = request.proc
    return [_describe(request, name, proc.peek(name)) for name in proc]


def _describe(request: ShopRequest, name: str, assignment: GroupAssignment) -> TestOfVisitor:
    explanation = _explain(request, name)
    if explanation is None:
        return TestOfVisitor(name, assignment, None)
    # The picture shows the visitor's own position, even if they force a group.
    plain = explanation.unforced or explanation
    position = None if not plain.ranges or plain.share is None else _per_cent(plain.share)
    return TestOfVisitor(name, assignment, explanation, tuple(_segments(plain)), position)


def _explain(request: ShopRequest, name: str) -> Explanation | None:
    source = current_setup().source
    if not isinstance(source, MatrixSource):
        return None
    visit = Visit.of(request)
    if visit is None or visit.asked is None:
        return None
    try:
        # Use the visit's request, because it may contain forced groups or a different identity.
        return source.explain(visit.asked, name)
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
