"""API endpoints that publish changes. They use the same services as the editor's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

from proctor.editor.access.permissions import DELETE, EDIT, STOP, VIEW, writing
from proctor.editor.api.bodies import query_fields, read_fields
from proctor.editor.api.documents import (
    answer,
    definition_document,
    etag,
    moves_document,
    problems_document,
    test_document,
)
from proctor.editor.api.proposal_documents import proposal_document
from proctor.editor.branches import branch_names, check_branch, first_branch
from proctor.editor.changes import services
from proctor.editor.errors import Conflict, Refused
from proctor.editor.publishing.heads import find_head

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpResponse

    from proctor.editor.api.endpoint import Call
    from proctor.editor.models import Revision

__all__ = [
    "delete_test",
    "outcome",
    "post_check",
    "post_promote",
    "post_release",
    "post_rollback",
    "post_stop",
    "put_test",
    "require_any",
    "require_writing",
]

#: Maximum size of a request body for `check/`, in bytes. It is small because pages send such
#: requests while the user types.
CHECK_BYTES = 64 * 1024


def put_test(call: Call) -> HttpResponse:
    """PUT tests/<name>/: create a test, or change it."""
    call.actor.require(EDIT, test=call.test, branch=first_branch())
    call.see(first_branch())
    call.require_match(find_head(call.test, first_branch()))
    fields = read_fields(call.request, ("branch", "base", "definition", "message"))
    base = fields.base()
    done = services.edit(
        call.actor,
        call.test,
        fields.json("definition"),
        base=base,
        message=fields.text("message", ""),
        branch=fields.text("branch", first_branch()),
    )
    return outcome(done, base)


def delete_test(call: Call) -> HttpResponse:
    """DELETE tests/<name>/: delete a test from a branch. The fields are in the query string."""
    require_any(call, DELETE)
    fields = query_fields(call.request, ("branch", "base", "message"))
    branch = check_branch(fields.text("branch"))
    call.see(branch)
    call.actor.require(writing(branch), test=call.test, branch=branch)
    call.require_match(find_head(call.test, branch))
    base = fields.base() or None
    done = services.delete(
        call.actor, call.test, branch, base=base, message=fields.text("message", "")
    )
    return outcome(done, base)


def post_promote(call: Call) -> HttpResponse:
    """POST tests/<name>/promote/: publish a revision from one branch on a later branch."""
    require_writing(call, branch_names()[1:] or branch_names())
    fields = read_fields(call.request, ("from", "to", "revision", "base", "message", "override"))
    target = check_branch(fields.text("to"))
    call.see(target)
    base = fields.base()
    done = services.promote(
        call.actor,
        call.test,
        fields.text("from"),
        target,
        revision=fields.text("revision"),
        base=base,
        message=fields.text("message", ""),
        override=fields.text("override", ""),
    )
    return outcome(done, base)


def post_stop(call: Call) -> HttpResponse:
    """POST tests/<name>/stop/: stop a test, and hold it.

    All visitors move to one group with a value of 0 or less.
    """
    require_any(call, STOP)
    fields = read_fields(call.request, ("branch", "value", "reason"))
    branch = check_branch(fields.text("branch"))
    call.see(branch)
    done = services.stop(
        call.actor,
        call.test,
        branch,
        value=fields.integer("value"),
        reason=fields.text("reason", ""),
    )
    return outcome(done, done.revision.id)


def post_release(call: Call) -> HttpResponse:
    """POST tests/<name>/release/: lift the hold of a stopped test. Nothing is published."""
    require_any(call, STOP)
    fields = read_fields(call.request, ("branch", "message"))
    branch = check_branch(fields.text("branch"))
    call.see(branch)
    services.release(call.actor, call.test, branch, message=fields.text("message", ""))
    head = find_head(call.test, branch)
    assert head is not None  # a held test always has a revision
    return answer({**test_document(head), "moves": [], "problems": []})


def post_rollback(call: Call) -> HttpResponse:
    """POST tests/<name>/rollback/: publish an older revision of the branch again."""
    require_writing(call, branch_names())
    fields = read_fields(call.request, ("branch", "revision", "base", "message", "override"))
    branch = check_branch(fields.text("branch"))
    call.see(branch)
    base = fields.base()
    done = services.roll_back(
        call.actor,
        call.test,
        branch,
        fields.text("revision"),
        base=base,
        message=fields.text("message", ""),
        override=fields.text("override", ""),
    )
    return outcome(done, base)


def post_check(call: Call) -> HttpResponse:
    """POST check/: report the effects of an edit, without writing anything."""
    require_any(call, VIEW)
    fields = read_fields(call.request, ("branch", "test", "base", "definition"), CHECK_BYTES)
    test = fields.text("test")
    branch = check_branch(fields.text("branch", first_branch()))
    type(call)(call.request, call.actor, test).see(branch)
    document: dict[str, Any] = {"definition": None, "moves": [], "problems": []}
    text, base = fields.json("definition"), fields.base()
    call.actor.require(VIEW, test=test, branch=branch)
    head = find_head(test, branch)
    current = None if head is None or head.definition is None else head.id
    if current != base:
        # Saving would be rejected with the same error.
        raise Conflict(test, branch, base=base, yours=text, head=current)
    try:
        found = services.check(call.actor, branch, test, text)
    except Refused as refusal:
        return answer({**document, "problems": problems_document(refusal.problems)})
    document["definition"] = definition_document(found.definition)
    document["moves"] = moves_document(test, found.moves)
    document["problems"] = problems_document(found.problems)
    return answer(document)


def outcome(done: services.Published | services.Proposed, base: str | None) -> HttpResponse:
    """Return the published revision as JSON, with status 201 if the test is new on the branch.

    If other people must approve the change first, return the proposal as JSON, with status 202.
    """
    if isinstance(done, services.Proposed):
        response = answer({"proposal": proposal_document(done.proposal)}, 202)
        response["Location"] = reverse("proctor_editor:api_proposal", args=(done.proposal.pk,))
        return response
    revision: Revision = done.revision
    document = {
        **test_document(revision),
        "moves": moves_document(revision.test, done.moves),
        "problems": problems_document(done.problems),
    }
    response = answer(document, 201 if base is None else 200)
    tag = etag(revision)
    if tag is not None:
        response["ETag"] = tag
    return response


def require_any(call: Call, permission: str) -> None:
    """Raise PermissionMissing unless the user has a permission on at least one branch."""
    _require(call, [(permission, branch) for branch in branch_names()])


def require_writing(call: Call, branches: Iterable[str]) -> None:
    """Raise PermissionMissing unless the user may publish on at least one of *branches*."""
    _require(call, [(writing(branch), branch) for branch in branches])


def _require(call: Call, choices: list[tuple[str, str]]) -> None:
    # The branch is not known yet, because only the body names it. The service checks the permission
    # for that branch.
    test = call.test or None
    if not any(call.actor.may(each, test=test, branch=branch) for each, branch in choices):
        permission, branch = choices[-1]
        call.actor.require(permission, test=test, branch=branch)
