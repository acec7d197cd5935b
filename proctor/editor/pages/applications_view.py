"""Pages that show applications, their declared tests, and which of these tests are missing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpResponseRedirect
from django.utils.translation import gettext as _

from proctor.editor.access.permissions import REGISTER, VIEW
from proctor.editor.applications.listing import Standing, standing_on_branch
from proctor.editor.applications.registering import find_application, forget
from proctor.editor.branches import branch_names, check_branch, first_branch
from proctor.editor.errors import NotFound
from proctor.editor.pages.answers import address, page, render, visible
from proctor.editor.pages.catalog import read_catalog
from proctor.editor.pages.translating import translated
from proctor.editor.pages.unsent import was_sent
from proctor.editor.serving.kept_matrices import kept_matrix
from proctor.editor.specifications.known import read_applications
from proctor.upkeep.site_specification import site_specification

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.authoring.compatibility.specifications import ExpectedTest
    from proctor.editor.access.permissions import Actor
    from proctor.editor.specifications.known import Known

__all__ = ["application", "applications"]

#: Maximum number of reasons in one row of the list.
_REASONS = 3
#: Maximum number of tests, and of characters of the specification, on an application's page.
_TESTS, _TEXT = 300, 100_000


@dataclass(frozen=True, slots=True)
class _Named:
    """The name of a test, to pass to `visible`."""

    name: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A row in the list of applications."""

    application: Known
    tests: int
    missing: list[str]
    #: Pairs of a test and the reason why the test cannot be loaded.
    faults: list[tuple[str, str]]

    @property
    def shown(self) -> list[tuple[str, str]]:
        """The tests and reasons that fit into the row. For a missing test, the reason is ""."""
        return [*self.faults, *((name, "") for name in self.missing)][:_REASONS]

    @property
    def more(self) -> int:
        """The number of reasons that do not fit."""
        return max(0, len(self.faults) + len(self.missing) - _REASONS)


@dataclass(frozen=True, slots=True)
class _Declared:
    """A test that an application declares or selects."""

    name: str
    #: Names and values of the groups, such as `control 0` and `blue 1`.
    groups: list[str]
    fallback: str
    payload: str
    #: True if a filter selects the test, but the specification does not name it.
    by_filter: bool
    #: True if the test exists on the branch.
    exists: bool
    #: The reason why the test cannot be loaded, or "" if it can be loaded.
    fault: str


@page
def applications(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """List all applications."""
    _require_any_view(actor)
    order = branch_names()
    known = [each for each in read_applications().known if each.environment in order]
    matrices = {name: kept_matrix(name) for name in {each.environment for each in known}}
    rows = [_row(actor, standing_on_branch(each, matrices[each.environment])) for each in known]
    return render(
        request,
        actor,
        "applications.html",
        _("Applications"),
        rows=sorted(rows, key=lambda row: -order.index(row.application.environment)),
        branches=order,
        here="applications",
    )


def _require_any_view(actor: Actor) -> None:
    """Raise PermissionMissing unless the user may see at least one test."""
    if not actor.may(VIEW) and not visible(actor, read_catalog().tests.values()):
        actor.require(VIEW, branch=first_branch())


def _row(actor: Actor, standing: Standing) -> _Row:
    names = standing.application.specification.tests
    seen = _seen(actor, {*names, *standing.faults})
    return _Row(
        standing.application,
        len(names),
        [name for name in standing.missing if name in seen],
        [
            (name, translated(each.message))
            for name, each in standing.faults.items()
            if name in seen
        ],
    )


def _seen(actor: Actor, names: Iterable[str]) -> set[str]:
    """Return the names of the tests that the user may see."""
    return {each.name for each in visible(actor, [_Named(name) for name in names])}


@page
def application(
    request: HttpRequest, actor: Actor, name: str, environment: str
) -> HttpResponseBase:
    """Show one application, or forget it after a POST."""
    _require_any_view(actor)
    check_branch(environment)
    if was_sent(request):
        forget(actor, name, environment)
        return HttpResponseRedirect(address("applications"), status=303)
    known = read_applications(environment).on(environment)
    found = next((each for each in known if each.name == name), None)
    if found is None:
        raise NotFound(
            _("There is no application “%(name)s” in %(environment)s.")
            % {"name": name, "environment": environment}
        )
    standing = standing_on_branch(found)
    document = (
        site_specification()
        if found.is_own
        else json.loads(find_application(name, environment).specification)
    )
    names = {*found.specification.tests, *standing.by_filter}
    seen = _seen(actor, names)
    tests = _declared(standing, seen)
    # If a test is hidden, the whole specification is hidden too, because it names all the tests.
    text = json.dumps(document, indent=2, ensure_ascii=False) if seen == names else ""
    return render(
        request,
        actor,
        "application.html",
        name,
        application=found,
        tests=tests[:_TESTS],
        more=max(0, len(tests) - _TESTS),
        missing=[each for each in standing.missing if each in seen],
        faults=[each for each in standing.faults if each in seen],
        variables=_variables(document),
        filters=[each.to_dict() for each in found.specification.dynamic_filters],
        text=text[:_TEXT],
        is_cut=len(text) > _TEXT,
        may_forget=not found.is_own and actor.may(REGISTER, branch=environment),
        here="applications",
    )


def _declared(standing: Standing, seen: set[str]) -> list[_Declared]:
    on_branch = kept_matrix(standing.application.environment).tests
    tests = standing.application.specification.tests
    found = []
    for name in sorted(seen):
        expected = tests.get(name)
        problem = standing.faults.get(name)
        found.append(
            _Declared(
                name,
                [f"{bucket} {value}" for bucket, value in _buckets(expected).items()],
                "" if expected is None else str(expected.fallback_value),
                "" if expected is None or expected.payload is None else str(expected.payload.type),
                name not in tests,
                name in on_branch,
                "" if problem is None else translated(problem.message),
            )
        )
    # Problems come first.
    return sorted(found, key=lambda each: (not each.fault, each.exists, each.name))


def _buckets(expected: ExpectedTest | None) -> dict[str, int | None]:
    return {} if expected is None else dict(expected.buckets)


def _variables(document: Any) -> list[tuple[str, str]] | None:
    """Return the variables and their types, or None if the application declares none."""
    context = document.get("providedContext", {})
    return None if context is None else [(name, str(kind)) for name, kind in context.items()]
