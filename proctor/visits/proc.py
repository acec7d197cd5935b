"""`request.proc`: read a visitor's groups by the name of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

from proctor.core.messages import shown
from proctor.resolving import overrides
from proctor.resolving.source_answer import SourceAnswer
from proctor.signals import exposed
from proctor.visits.exposures import counts, expose
from proctor.visits.http_caches import mark_as_read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import NoReturn, Self

    from proctor.core.declarations.registry import Registry
    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.resolving.site_setup import SiteSetup

__all__ = ["OWN_NAMES", "Proc", "determine", "exclude", "known_assignments"]


class Proc:
    """The declared tests of one visitor, read by attribute or by item.

    Every declared test is present, with an assignment or with its default. The first read of a test
    counts as an exposure if the group was assigned and has a value of 0 or more. `peek`, `str` and
    the other methods do not count as exposures. This object is not a mapping: iterating over it
    yields the names of the tests. The groups are determined once, at the first read.
    """

    _setup: SiteSetup
    _registry: Registry
    _resolve: Callable[[], SourceAnswer]
    _request: HttpRequest | None
    #: A function that returns True to suppress this visitor's exposures. None if exposures are
    #: never suppressed.
    _is_excluded: Callable[[], bool] | None
    #: The identifiers by source key if the visitor has no request, otherwise None.
    _identifiers: Mapping[str, object] | None
    #: None until a group is first read.
    _source_answer: SourceAnswer | None
    _assignments: dict[str, GroupAssignment] | None
    #: The tests whose exposures were sent. Each exposure is sent only once.
    _exposed: dict[str, object]

    def __init__(
        self,
        setup: SiteSetup,
        resolve: Callable[[], SourceAnswer],
        request: HttpRequest | None = None,
        is_excluded: Callable[[], bool] | None = None,
        identifiers: Mapping[str, object] | None = None,
    ) -> None:
        self.__dict__.update(
            _setup=setup,
            _registry=setup.registry,
            _resolve=resolve,
            _request=request,
            _is_excluded=is_excluded,
            _identifiers=identifiers,
            _source_answer=None,
            _assignments=None,
            _exposed={},
        )

    def __getattr__(self, name: str) -> GroupAssignment:
        # Python calls this only for names that are not instance attributes: at the first read of a
        # test, and for a name that does not exist.
        if name.startswith("_"):
            raise AttributeError(name)
        # Do not use `self[name]` here, because in DEBUG a KeyError raised by a hook would look like
        # an unknown name.
        if name not in self._registry:
            raise AttributeError(self._undeclared(name))
        assignment = self[name]
        self._put_attributes(name, assignment)
        return assignment

    def __getitem__(self, name: str) -> GroupAssignment:
        assignment = self.peek(name)
        if exposed.receivers and counts(assignment):
            self._expose(name, assignment)
        return assignment

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"proc is read-only: cannot set {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"proc is read-only: cannot delete {name!r}")

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

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # A middleware may copy the request and pass the copy to caches, so `mark_as_read` marks
        # copies too. The mark cannot be stored on the request itself while it is being copied.
        copies = [each for each in memo.values() if isinstance(each, HttpRequest)]
        self.__dict__.setdefault("_copies", []).extend(copies)
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "proc belongs to its request and cannot be pickled; pickle single assignments, or "
            "str(proc)"
        )

    def __str__(self) -> str:
        """Return the groups for logs: `buttoncolortst1,newfeature0`.

        Does not mark the page as dependent on groups.
        """
        return ",".join(self._group_strings())

    def __repr__(self) -> str:
        if self._assignments is None:
            return "<Proc: not determined yet>"
        return f"<Proc: {str(self) or 'no groups'}>"

    def get_group_string_list(self) -> list[str]:
        """Return the name and value of each group with a value of 0 or more, sorted by name.

        Marks the page as dependent on groups, because the caller may base decisions on the list.
        `str` and `logging_string` are only for logs, so they do not mark the page.
        """
        found = self._group_strings()
        if self._request is not None:
            mark_as_read(self._request)
        return found

    def _group_strings(self) -> list[str]:
        return [
            f"{name}{assignment.value}"
            for name, assignment in sorted(self._loaded().items())
            if counts(assignment)
        ]

    def logging_string(self) -> str:
        """Return the groups in Java Proctor's newer log format: `#A1:buttoncolortst1`.

        `#A1` is the id of the allocation.
        """
        assignments = self._loaded()
        unlogged = self._source_answer.groups.unlogged if self._source_answer else ()
        return ",".join(
            assignment.log_entry
            for name, assignment in sorted(assignments.items())
            if assignment.log_entry is not None and counts(assignment) and name not in unlogged
        )

    def known_groups(self) -> str:
        """Return `str(self)` if the groups are already determined, otherwise "".

        Never raises.
        """
        own = self.__dict__
        if own["_assignments"] is None:
            return ""
        # Cached, because this is called for each log record.
        text: str | None = own.get("_text")
        if text is None:
            text = own["_text"] = str(self)
        return text

    def peek(self, name: str) -> GroupAssignment:
        """Return the assignment of a test without counting an exposure.

        Raises KeyError for an undeclared test, as `proc[name]` does.
        """
        assignments = self._assignments
        if assignments is None:
            # Check the name first, so that no source is queried for an unknown test.
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
        hint = self._registry.hint(str(name))
        return f"the test {shown(name)} is not in PROCTOR_TESTS: {hint}"

    def _loaded(self) -> dict[str, GroupAssignment]:
        """Return the assignments; determine them first if necessary."""
        assignments = self._assignments
        if assignments is not None:
            return assignments
        set_by_tests = overrides.active()
        if set_by_tests and set_by_tests.keys() >= self._registry.keys():
            source_answer = SourceAnswer()
        else:
            source_answer = self._resolve()
        assignments = source_answer.assignments(self._setup)
        for name, assignment in set_by_tests.items():  # nearly always empty
            if name in assignments:
                assignments[name] = assignment
        # If two threads get here at the same time, both use the answer that was stored first.
        own = self.__dict__
        answer: tuple[SourceAnswer, dict[str, GroupAssignment]]
        answer = own.setdefault("_answer", (source_answer, assignments))
        own["_source_answer"], own["_assignments"] = answer
        return answer[1]

    def _put_attributes(self, name: str, assignment: GroupAssignment) -> None:
        """Store tests that no longer need `__getattr__` as plain attributes."""
        if exposed.receivers:
            self.__dict__[name] = assignment
            return
        # If no receiver is connected, only tests whose names clash with attributes need
        # `__getattr__`.
        assignments = self._loaded()
        if OWN_NAMES.isdisjoint(assignments):
            self.__dict__.update(assignments)
        else:
            names = assignments.keys() - OWN_NAMES
            self.__dict__.update((name, assignments[name]) for name in names)

    def _expose(self, name: str, assignment: GroupAssignment) -> None:
        if self._is_excluded is not None and self._is_excluded():
            return
        mine = object()
        if self._exposed.setdefault(name, mine) is mine:
            expose(Proc, self._request, name, assignment, self._identifiers)


#: A test with one of these names is not available as an attribute, only as an item.
OWN_NAMES = frozenset((*dir(Proc), *Proc.__annotations__, "_answer", "_copies", "_text"))


def determine(proc: Proc) -> None:
    """Determine the groups of *proc* now, without waiting for the first read."""
    proc._loaded()  # noqa: SLF001 - no public attribute: a test may have its name


def exclude(proc: Proc, is_excluded: Callable[[], bool]) -> None:
    """Send no exposures from *proc*, and leave its groups out of log records.

    Call this before the groups are determined.
    """
    proc.__dict__.update(_is_excluded=is_excluded, _text="")


def known_assignments(proc: Proc) -> Mapping[str, GroupAssignment] | None:
    """Return the assignments of *proc*, or None if they are not yet determined."""
    assignments = proc._assignments  # noqa: SLF001 - as above
    return None if assignments is None else assignments.copy()
