"""API endpoints that list, register and forget applications."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from proctor.editor.access.permissions import REGISTER, VIEW
from proctor.editor.api.bodies import query_fields, read_fields
from proctor.editor.api.documents import answer, problems_document
from proctor.editor.api.paging import page_of
from proctor.editor.applications.listing import standing_on_branch
from proctor.editor.applications.registering import find_application, forget, register
from proctor.editor.branches import branch_names, check_branch
from proctor.editor.models import Application
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.specifications.known import known_application

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpResponse

    from proctor.core.problems import Problem
    from proctor.editor.access.permissions import Actor
    from proctor.editor.api.endpoint import Call

__all__ = ["delete_application", "get_application", "get_applications", "put_application"]

#: The fields of a specification, and those of a request body that contains a specification.
_SPECIFICATION = ("providedContext", "tests", "dynamicFilters")
_WRAPPED = ("specification", "version", "whole_matrix")


def get_applications(call: Call) -> HttpResponse:
    """GET applications/: the registered applications, sorted by name."""
    fields = query_fields(call.request, ("environment", "page", "page_size"))
    wanted = fields.text("environment", "")
    environments = [check_branch(wanted)] if wanted else [*branch_names()]
    seen = [each for each in environments if _may_see(call.actor, each)]
    if not seen:
        call.actor.require(VIEW, branch=environments[0])
    page = page_of(fields)
    rows = Application.objects.using(write_alias()).filter(environment__in=seen)
    found = rows.defer("specification").order_by("name", "environment")
    results = [_entry(each) for each in found[page.part]]
    return answer(page.document(call.request, rows.count(), results))


def _may_see(actor: Actor, environment: str) -> bool:
    return actor.may(VIEW, branch=environment) or actor.may(REGISTER, branch=environment)


def _entry(application: Application) -> dict[str, Any]:
    return {
        "application": application.name,
        "environment": application.environment,
        "version": application.version,
        "whole_matrix": application.whole_matrix,
        "last_seen": application.last_seen.isoformat(),
    }


def get_application(call: Call) -> HttpResponse:
    """GET applications/<name>/<environment>/: an application, with its problems."""
    query_fields(call.request, ())
    environment = check_branch(call.environment)
    if not _may_see(call.actor, environment):
        call.actor.require(VIEW, branch=environment)
    return answer(_document(call.actor, find_application(call.test, environment)))


def put_application(call: Call) -> HttpResponse:
    """PUT applications/<name>/<environment>/: register an application.

    The body is the specification, or an object that contains the specification in a field.
    """
    environment = check_branch(call.environment)
    call.actor.require(REGISTER, branch=environment)
    fields = read_fields(call.request, (*_WRAPPED, *_SPECIFICATION))
    is_wrapped = any(map(fields.has, _WRAPPED))
    if is_wrapped:
        fields.only(_WRAPPED)
    done = register(
        call.actor,
        call.test,
        environment,
        fields.json("specification") if is_wrapped else fields.whole(),
        version=fields.text("version", ""),
        whole_matrix=fields.boolean("whole_matrix"),
    )
    return answer(
        _document(call.actor, done.application, done.problems), 201 if done.is_new else 200
    )


def delete_application(call: Call) -> HttpResponse:
    """DELETE applications/<name>/<environment>/: forget an application."""
    environment = check_branch(call.environment)
    call.actor.require(REGISTER, branch=environment)
    query_fields(call.request, ())
    return answer(_entry(forget(call.actor, call.test, environment)))


def _document(
    actor: Actor, application: Application, problems: Iterable[Problem] = ()
) -> dict[str, Any]:
    """Return an application and its problems on its branch, in the format that `verify` uses.

    Tests that the user may not see are left out, unless the user may register the application.
    """
    environment = application.environment
    standing = standing_on_branch(known_application(application))
    document = json.loads(application.specification)
    found = [*problems, *standing.faults.values()]
    missing = [*standing.missing]
    if not actor.may(REGISTER, branch=environment):
        names = {*(document.get("tests") or ()), *standing.faults}
        seen = {*actor.choose(VIEW, names, branch=environment)}
        missing = [name for name in missing if name in seen]
        found = [each for each in found if each.test is None or each.test in seen]
        if document.get("tests"):
            document["tests"] = {
                name: each for name, each in document["tests"].items() if name in seen
            }
    return {
        **_entry(application),
        "specification": document,
        "missing": missing,
        "problems": problems_document(found),
    }
