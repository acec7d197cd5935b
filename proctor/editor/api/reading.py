"""API endpoints that return the tests of a branch, a single test, and its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.cache import get_conditional_response

from proctor.editor.access.permissions import VIEW
from proctor.editor.api.bodies import query_fields
from proctor.editor.api.documents import answer, etag, test_document
from proctor.editor.api.paging import page_of
from proctor.editor.api.searching import found_names
from proctor.editor.branches import check_branch, first_branch
from proctor.editor.changes.sentences import sentences
from proctor.editor.errors import NoSuchTest
from proctor.editor.models import Head, Revision
from proctor.editor.publishing.heads import head_of
from proctor.editor.publishing.publishing import write_alias

if TYPE_CHECKING:
    from django.http import HttpResponse

    from proctor.editor.access.permissions import Actor
    from proctor.editor.api.bodies import Fields
    from proctor.editor.api.endpoint import Call

__all__ = ["get_history", "get_test", "get_tests"]


def get_tests(call: Call) -> HttpResponse:
    """GET tests/: the tests that the user may see on a branch, sorted by name."""
    fields = query_fields(call.request, ("branch", "q", "page", "page_size"))
    branch = _branch(fields)
    page = page_of(fields)
    names = _visible(call.actor, branch, found_names(branch, fields.text("q", "")))
    heads = Head.objects.using(write_alias()).select_related("revision__branch")
    rows = heads.filter(branch__name=branch, test__in=names[page.part])
    # Python sorts the names, because a database's order would depend on its collation.
    results = [test_document(each.revision) for each in sorted(rows, key=lambda row: row.test)]
    return answer(page.document(call.request, len(names), results))


def _visible(actor: Actor, branch: str, names: list[str]) -> list[str]:
    """Return the names of the tests that the actor may see.

    Raises PermissionMissing if the actor may see no test on the branch.
    """
    found = actor.choose(VIEW, names, branch=branch)
    if not found:
        actor.require(VIEW, branch=branch)
    return sorted(found)


def get_test(call: Call) -> HttpResponse:
    """GET tests/<name>/: a test on a branch."""
    branch = _branch(query_fields(call.request, ("branch",)))
    _require_view(call, branch)
    head = head_of(call.test, branch)
    response = answer(test_document(head))
    tag = etag(head)
    assert tag is not None
    response["ETag"] = tag
    found = get_conditional_response(call.request, etag=tag, response=response)
    return response if found is None else found


def get_history(call: Call) -> HttpResponse:
    """GET tests/<name>/history/: the revisions of a test on a branch, newest first."""
    fields = query_fields(call.request, ("branch", "page", "page_size"))
    branch = _branch(fields)
    _require_view(call, branch)
    page = page_of(fields)
    rows = Revision.objects.using(write_alias()).filter(test=call.test, branch__name=branch)
    count = rows.count()
    if not count:
        raise NoSuchTest(call.test, branch)
    found = rows.select_related("made_from").order_by("-version")[page.part]
    results = [_entry(each) for each in found]
    return answer(page.document(call.request, count, results))


def _entry(revision: Revision) -> dict[str, Any]:
    return {
        "revision": revision.id,
        "kind": revision.kind,
        "author": revision.author,
        "approvers": revision.approver_names,
        "time": revision.time.isoformat(),
        "message": revision.message,
        "sentences": sentences(revision),
    }


def _branch(fields: Fields) -> str:
    return check_branch(fields.text("branch", first_branch()))


def _require_view(call: Call, branch: str) -> None:
    """Raise NotFound if the user may not see this test.

    Raise PermissionMissing instead if they may see no test on the branch.
    """
    call.see(branch)
    call.actor.require(VIEW, test=call.test, branch=branch)
