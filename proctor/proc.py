"""`request.proc`: the groups of a visitor, read by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor import overrides
from proctor.http_caches import mark_as_read
from proctor.resolution import Resolution
from proctor.signals import exposed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import NoReturn, Self

    from django.http import HttpRequest

    from proctor.configuration import Configuration
    from proctor.core.declarations import Registry
    from proctor.core.groups import GroupAssignment

__all__ = ["Proc", "determine", "known_assignments"]


class Proc:
    """The declared tests of one visitor, by attribute or by item.

    Every declared test is there, with an assignment or with its default. The first read of
    a test counts as an exposure, if the group was assigned and has a value of 0 or more;
    `peek`, `str` and the other methods count nothing. It is no mapping: iteration gives the
    names. The groups are determined at the first read, once.
    """

    _configuration: Configuration
    _registry: Registry
    _resolve: Callable[[], Resolution]
    _request: HttpRequest | None
    #: Whether this visitor's exposures are not sent; None where nobody ever says so.
    _is_excluded: Callable[[], bool] | None
    #: None until the first read.
    _resolution: Resolution | None
    _assignments: dict[str, GroupAssignment] | None
    #: What was told to receivers, which is done once for each test.
    _exposed: dict[str, object]

    def __init__(
        self,
        configuration: Configuration,
        resolve: Callable[[], Resolution],
        request: HttpRequest | None = None,
        is_excluded: Callable[[], bool] | None = None,
    ) -> None:
        self.__dict__.update(
            _configuration=configuration,
            _registry=configuration.registry,
            _resolve=resolve,
            _request=request,
            _is_excluded=is_excluded,
            _resolution=None,
            _assignments=None,
            _exposed={},
        )

    def __getattr__(self, name: str) -> GroupAssignment:
        # Only called for what is not in the instance: a test's first read, or a mistake.
        if name.startswith("_"):
            raise AttributeError(name)
        # Not `self[name]` in a try: a hook's own KeyError, in DEBUG, would look like a mistake
        # in the name.
        if name not in self._registry:
            raise AttributeError(self._undeclared(name))
        assignment = self[name]
        self._put_attributes(name, assignment)
        return assignment

    def __getitem__(self, name: str) -> GroupAssignment:
        assignment = self.peek(name)
        if exposed.receivers and _counts(assignment):
            self._expose(name, assignment)
        return assignment

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"proc cannot be changed; {name!r} was to be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"proc cannot be changed; {name!r} was to be deleted")

    def __contains__(self, name: object) -> bool:
        return name in self._registry

    def __iter__(self) -> Iterator[str]:
        return iter(self._registry)

    def __len__(self) -> int:
        return len(self._registry)

    def __bool__(self) -> bool:
        return True

    def __dir__(self) -> list[str]:
        return [*{*object.__dir__(self), *self._registry}]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "proc belongs to its request and cannot be pickled; take assignments out of it, "
            "or str(proc)"
        )

    def __str__(self) -> str:
        """The log line: `buttoncolortst1,newfeaturerollout0`."""
        return ",".join(self.get_group_string_list())

    def __repr__(self) -> str:
        if self._assignments is None:
            return "<Proc: not determined yet>"
        return f"<Proc: {str(self) or 'no groups'}>"

    def get_group_string_list(self) -> list[str]:
        """Name and value of each test that has a group of value 0 or more, by name."""
        return [
            f"{name}{assignment.value}"
            for name, assignment in sorted(self._loaded().items())
            if _counts(assignment)
        ]

    def logging_string(self) -> str:
        """The Java's newer log line, with allocation ids: `#A1:buttoncolortst1`."""
        assignments = self._loaded()
        unlogged = self._resolution.groups.unlogged if self._resolution else ()
        return ",".join(
            assignment.log_entry
            for name, assignment in sorted(assignments.items())
            if assignment.log_entry is not None and _counts(assignment) and name not in unlogged
        )

    def known_groups(self) -> str:
        """`str()` of this if the groups are determined already, else "". Never raises."""
        own = self.__dict__
        if own["_assignments"] is None:
            return ""
        # Asked for each log record.
        text: str | None = own.get("_text")
        if text is None:
            text = own["_text"] = str(self)
        return text

    def peek(self, name: str) -> GroupAssignment:
        """The assignment of a test, without counting an exposure.

        Raises KeyError for an undeclared test, as `proc[name]` does.
        """
        assignments = self._assignments
        if assignments is None:
            # A mistake in the name is no reason to ask a source.
            if name not in self._registry:
                raise KeyError(self._undeclared(name))
            assignments = self._loaded()
        try:
            assignment = assignments[name]
        except KeyError:
            raise KeyError(self._undeclared(name)) from None
        if self._request is not None:
            mark_as_read(self._request)
        return assignment

    def _undeclared(self, name: str) -> str:
        return f"the test {name!r} is not in PROCTOR_TESTS: {self._registry.hint(str(name))}"

    def _loaded(self) -> dict[str, GroupAssignment]:
        """The assignments; determines them if that has not been done."""
        assignments = self._assignments
        if assignments is not None:
            return assignments
        set_by_tests = overrides.active()
        if set_by_tests and set_by_tests.keys() >= self._registry.keys():
            resolution = Resolution()
        else:
            resolution = self._resolve()
        assignments = resolution.assignments(self._configuration)
        for name, assignment in set_by_tests.items():  # nearly always none
            if name in assignments:
                assignments[name] = assignment
        # Of two threads that are here at once, the first one's answer holds for both.
        own = self.__dict__
        answer: tuple[Resolution, dict[str, GroupAssignment]]
        answer = own.setdefault("_answer", (resolution, assignments))
        own["_resolution"], own["_assignments"] = answer
        return answer[1]

    def _put_attributes(self, name: str, assignment: GroupAssignment) -> None:
        """Make plain attributes of what need not come through `__getattr__` again."""
        if exposed.receivers:
            self.__dict__[name] = assignment
            return
        # Nobody counts, so the other tests need not either, but for names that mean more.
        assignments = self._loaded()
        if _OWN_NAMES.isdisjoint(assignments):
            self.__dict__.update(assignments)
        else:
            names = assignments.keys() - _OWN_NAMES
            self.__dict__.update((name, assignments[name]) for name in names)

    def _expose(self, name: str, assignment: GroupAssignment) -> None:
        if self._is_excluded is not None and self._is_excluded():
            return
        mine = object()
        if self._exposed.setdefault(name, mine) is mine:
            exposed.notify(
                Proc,
                request=self._request,
                test=name,
                assignment=assignment,
                forced=assignment.forced,
            )


#: By attribute these are no tests; there are items for such names.
_OWN_NAMES = frozenset((*dir(Proc), *Proc.__annotations__, "_answer", "_text"))


def _counts(assignment: GroupAssignment) -> bool:
    """Whether an assignment is an answer, and of a group that takes part."""
    value: Any = assignment.value
    return value is not None and value >= 0 and not assignment.reason.is_default


def determine(proc: Proc) -> None:
    """Determine the groups of *proc* now, and not at the first read."""
    proc._loaded()  # noqa: SLF001 - no attribute of its own, where a test may have the name


def known_assignments(proc: Proc) -> Mapping[str, GroupAssignment] | None:
    """The assignments of *proc*, None where they are not determined; determines nothing."""
    assignments = proc._assignments  # noqa: SLF001 - as above
    return None if assignments is None else assignments.copy()
