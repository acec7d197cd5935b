"""`GroupAssignment` with the types of its group and payload, for annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from proctor.core.evaluation.groups import GroupAssignment

__all__ = ["Assignment"]

Group_co = TypeVar("Group_co", bound="str | None", covariant=True)
Payload_co = TypeVar("Payload_co", covariant=True)


class Assignment(GroupAssignment, Generic[Group_co, Payload_co]):
    """A `GroupAssignment` whose group and payload have declared types.

    For annotations only, such as `Assignment[Literal["control", "onestep"], str | None]`. No object
    is an instance of this class, so do not use it with isinstance. `manage.py proctor_types` writes
    these annotations for all tests of a site.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        #: The name of the group.
        group: Group_co
        #: The payload of the group.
        payload: Payload_co
