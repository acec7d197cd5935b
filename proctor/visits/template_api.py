"""Functions with which templates and views read groups by the name of the test.

A wrong name raises an exception in DEBUG. Otherwise the name is logged once, and the visitor has no
group in the test, because a typo should not break the page.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils.html import json_script

from proctor.conf import settings
from proctor.core.evaluation.groups import Reason
from proctor.core.java.frozen import thaw
from proctor.core.messages import nearest, shown
from proctor.resolving import overrides
from proctor.resolving.site_setup import current_setup
from proctor.resolving.source_answer import SourceAnswer
from proctor.visits.current_proc import current_proc
from proctor.visits.proc import Proc

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.evaluation.groups import GroupAssignment

__all__ = [
    "TemplateApi",
    "assignment_of",
    "default_proc",
    "flattened",
    "proc_of",
    "undeclared_group",
    "undeclared_test",
]

logger = logging.getLogger("proctor.declarations")


def undeclared_test(test: object) -> str | None:
    """Return what is wrong with a test's name, with the nearest name; None if it is declared."""
    if not isinstance(test, str):
        return f"expected a test name (str), got {shown(test)}"
    registry = current_setup().registry
    if test in registry:
        return None
    return f"the test {shown(test)} is not in PROCTOR_TESTS: {registry.hint(test)}"


def undeclared_group(test: str, group: object) -> str | None:
    """Return a message if the group is not declared for *test*, otherwise None."""
    return _wrong_group(current_setup().registry[test], group)


def _wrong_group(declared: ProctorTest, group: object) -> str | None:
    if not isinstance(group, str):
        return f"expected a group name (str) of the test {declared.name!r}, got {shown(group)}"
    if declared.groups is None or group in declared.groups:
        return None
    return (
        f"PROCTOR_TESTS declares no group {shown(group)} for the test {declared.name!r}: "
        f"{nearest(group, declared.groups)}"
    )


def flattened(values: Iterable[object]) -> list[object]:
    """Return all names as one list. Each value may be a name, or a list or tuple of names."""
    names: list[object] = []
    for value in values:
        if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
            names.extend(value)
        else:
            names.append(value)
    return names


def proc_of(request: object) -> Proc | None:
    """Return the `proc` that the middleware has set on a request, or None if it has not run."""
    proc = getattr(request, "proc", None)
    return proc if isinstance(proc, Proc) else None


def _proc_in(context: Any) -> Proc | None:
    """Return the `proc` in a template's context or on the context's request, else the current one.

    The current `proc` is for templates that are rendered during a request but whose context does
    not contain that request, for example isolated components and `render_to_string(template, {})`.
    """
    proc = context.get("proc")
    # A site may use the name `proc` for something else.
    if isinstance(proc, Proc):
        return proc
    # Django's RequestContext has the request as an attribute even if no context processor adds it.
    return (
        proc_of(context.get("request"))
        or proc_of(getattr(context, "request", None))
        or current_proc()
    )


def assignment_of(
    proc: Proc | None, declared: ProctorTest, *, expose: bool = True
) -> GroupAssignment:
    """Return the assignment of a declared test, or its default if there is no visitor."""
    name = declared.name
    if proc is None or name not in proc:
        # The test is missing from `proc` if settings were overridden after the request had started.
        overridden = overrides.active().get(name)
        if overridden is not None:
            return overridden
        return current_setup().default_of(declared, Reason.NO_REQUEST)
    return proc[name] if expose else proc.peek(name)


def default_proc() -> Proc:
    """Return a `proc` without a visitor, in which every test uses its default."""
    return Proc(current_setup(), _no_visitor)


def _no_visitor() -> SourceAnswer:
    return SourceAnswer(reason=Reason.NO_REQUEST)


class TemplateApi:
    """Template functions. In DEBUG, a wrong name raises an exception of class *error*.

    A *context* is the context of a Django or Jinja2 template. If there is no visitor for the
    context, every test uses its default.
    """

    __slots__ = ("_error",)

    def __init__(self, error: type[Exception]) -> None:
        self._error = error

    def is_in(self, context: Any, test: object, groups: Iterable[object]) -> bool:
        """Return True if the visitor is in one of *groups*. Reads the test if it is declared."""
        declared = self.declaration(test)
        if declared is None:
            return False
        known = self.known_groups(declared, groups)
        return bool(known) and assignment_of(_proc_in(context), declared).group in known

    def group(self, context: Any, test: object) -> str:
        """Return the name of the visitor's group, or "" if they have none."""
        declared = self.declaration(test)
        if declared is None:
            return ""
        return assignment_of(_proc_in(context), declared).group or ""

    def payload(self, context: Any, test: object, default: Any) -> Any:
        """Return the payload of the visitor's group, or *default* if the group has none."""
        declared = self.declaration(test)
        if declared is None:
            return default
        payload = assignment_of(_proc_in(context), declared).payload
        return default if payload is None else payload

    def json(
        self, context: Any, tests: Iterable[object], element_id: str, *, expose: bool
    ) -> SafeString:
        """Return a script element with JSON data: `{test: {group, value, payload}}`."""
        proc, found = _proc_in(context), {}
        for declared in map(self.declaration, tests):
            if declared is not None:
                found[declared.name] = _as_json(assignment_of(proc, declared, expose=expose))
        return json_script(found, element_id)

    def declaration(self, test: object) -> ProctorTest | None:
        """Return the declaration of a test; for a wrong name, report it and return None."""
        found = current_setup().registry.get(test) if isinstance(test, str) else None
        if found is None:
            self.is_wrong(undeclared_test(test))
        return found

    def known_groups(self, declared: ProctorTest, groups: Iterable[object]) -> list[object]:
        """Return the declared names among *groups*, and report the others."""
        return [group for group in groups if not self.is_wrong(_wrong_group(declared, group))]

    def is_wrong(self, problem: str | None) -> bool:
        """Report *problem* unless it is None. Return True if there is a problem."""
        if problem is None:
            return False
        if settings.DEBUG:
            raise self._error(problem)
        current_setup().log.log(logger, logging.WARNING, "%s", problem)
        return True


def _as_json(assignment: GroupAssignment) -> dict[str, Any]:
    return {
        "group": assignment.group,
        "value": assignment.value,
        "payload": thaw(assignment.payload),
    }
