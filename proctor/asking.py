"""What templates and views ask of `proc`, by names of which one may be wrong.

A wrong name raises in DEBUG. Else it is logged once, and counts as a test that nobody is
in: a visitor need not pay for a typing error.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils.html import json_script

from proctor import overrides
from proctor.conf import settings
from proctor.configuration import current_configuration
from proctor.core.context_types import nearest, shown
from proctor.core.frozen import thaw
from proctor.core.groups import Reason
from proctor.proc import Proc
from proctor.resolution import Resolution

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from proctor.core.declarations import ProctorTest
    from proctor.core.groups import GroupAssignment

__all__ = [
    "Asker",
    "assignment_of",
    "default_proc",
    "flattened",
    "proc_of",
    "undeclared_group",
    "undeclared_test",
]

logger = logging.getLogger(__name__)


def undeclared_test(test: object) -> str | None:
    """What is wrong with the name of a test, and the nearest one; None if it is declared."""
    if not isinstance(test, str):
        return f"{shown(test)} is no name of a test; give a text"
    registry = current_configuration().registry
    if test in registry:
        return None
    return f"the test {shown(test)} is not in PROCTOR_TESTS: {registry.hint(test)}"


def undeclared_group(test: str, group: object) -> str | None:
    """What is wrong with the name of a group of a declared *test*; None if nothing is."""
    return _wrong_group(current_configuration().registry[test], group)


def _wrong_group(declared: ProctorTest, group: object) -> str | None:
    if not isinstance(group, str):
        return f"{shown(group)} is no name of a group of the test {declared.name!r}; give a text"
    if declared.groups is None or group in declared.groups:
        return None
    return (
        f"PROCTOR_TESTS declares no group {shown(group)} for the test {declared.name!r}: "
        f"{nearest(group, declared.groups)}"
    )


def flattened(values: Iterable[object]) -> list[object]:
    """Names, each of which may also be several: a list, a tuple, whatever is no text."""
    names: list[object] = []
    for value in values:
        if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
            names.extend(value)
        else:
            names.append(value)
    return names


def proc_of(request: object) -> Proc | None:
    """The `proc` that the middleware has put on a request; None if it has not run."""
    proc = getattr(request, "proc", None)
    return proc if isinstance(proc, Proc) else None


def _proc_in(context: Any) -> Proc | None:
    """The `proc` of a template's context, or of the request in it."""
    proc = context.get("proc")
    # A site may call something else by that name.
    if isinstance(proc, Proc):
        return proc
    # Django's RequestContext knows its request also where no context processor tells it.
    return proc_of(context.get("request")) or proc_of(getattr(context, "request", None))


def assignment_of(
    proc: Proc | None, declared: ProctorTest, *, expose: bool = True
) -> GroupAssignment:
    """The assignment of a declared test; its default where there is no visitor."""
    name = declared.name
    if proc is None or name not in proc:
        # The latter where settings were overridden after the request had begun.
        return overrides.active().get(name) or declared.default_for(Reason.NO_REQUEST)
    return proc[name] if expose else proc.peek(name)


def default_proc() -> Proc:
    """A `proc` of no visitor: every test has its default."""
    return Proc(current_configuration(), _no_visitor)


def _no_visitor() -> Resolution:
    return Resolution(reason=Reason.NO_REQUEST)


class Asker:
    """The questions, with the *error* that a wrong name raises in DEBUG.

    A *context* is that of a template, Django's or Jinja2's. Where there is no visitor in it,
    every test has its default.
    """

    __slots__ = ("_error",)

    def __init__(self, error: type[Exception]) -> None:
        self._error = error

    def is_in(self, context: Any, test: object, groups: Iterable[object]) -> bool:
        """Whether the visitor is in one of the *groups*; the test is read if any is declared."""
        declared = self.declaration(test)
        if declared is None:
            return False
        known = self.known_groups(declared, groups)
        return bool(known) and assignment_of(_proc_in(context), declared).group in known

    def group(self, context: Any, test: object) -> str:
        """The name of the visitor's group; "" where there is none."""
        declared = self.declaration(test)
        if declared is None:
            return ""
        return assignment_of(_proc_in(context), declared).group or ""

    def payload(self, context: Any, test: object, default: Any) -> Any:
        """What the visitor's group carries, else *default*."""
        declared = self.declaration(test)
        if declared is None:
            return default
        payload = assignment_of(_proc_in(context), declared).payload
        return default if payload is None else payload

    def json(
        self, context: Any, tests: Iterable[object], element_id: str, *, expose: bool
    ) -> SafeString:
        """A script element of JSON, `{test: {group, value, payload}}`, which is no program."""
        proc, found = _proc_in(context), {}
        for declared in map(self.declaration, tests):
            if declared is not None:
                found[declared.name] = _as_json(assignment_of(proc, declared, expose=expose))
        return json_script(found, element_id)

    def declaration(self, test: object) -> ProctorTest | None:
        """What PROCTOR_TESTS says of a test; None for a wrong name, which is told."""
        found = current_configuration().registry.get(test) if isinstance(test, str) else None
        if found is None:
            self.is_wrong(undeclared_test(test))
        return found

    def known_groups(self, declared: ProctorTest, groups: Iterable[object]) -> list[object]:
        """Those of the *groups* that a visitor may be in; of the others it is told."""
        return [group for group in groups if not self.is_wrong(_wrong_group(declared, group))]

    def is_wrong(self, problem: str | None) -> bool:
        """Whether there is a problem, and the telling of it."""
        if problem is None:
            return False
        if settings.DEBUG:
            raise self._error(problem)
        current_configuration().log.log(logger, logging.WARNING, "%s", problem)
        return True


def _as_json(assignment: GroupAssignment) -> dict[str, Any]:
    return {
        "group": assignment.group,
        "value": assignment.value,
        "payload": thaw(assignment.payload),
    }
