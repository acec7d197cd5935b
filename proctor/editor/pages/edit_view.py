"""The Create and Edit pages: a form, its JSON, and a panel with the effects of publishing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext as _

from proctor.conf import settings
from proctor.core.authoring.refusals import Refusal
from proctor.core.java.encodable import encodable
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.matrices.payloads import PAYLOAD_TYPES
from proctor.editor.access.permissions import EDIT, VIEW
from proctor.editor.branches import first_branch
from proctor.editor.changes import services
from proctor.editor.changes.updating import can_be_edited, update_proposal
from proctor.editor.errors import Changed, Conflict, NotFound, Refused
from proctor.editor.models import Head, Hold, Proposal, Revision
from proctor.editor.pages import acting
from proctor.editor.pages.answers import address, can_see, page, render, require_view
from proctor.editor.pages.asking import asking
from proctor.editor.pages.changes import document_of, json_text, sentences_between, three_ways
from proctor.editor.pages.form.form_check import (
    Check,
    FieldProblem,
    check_document,
    field_problems,
    of_fields,
)
from proctor.editor.pages.form.form_document import (
    document_of_state,
    fits_the_form,
    state_of_document,
)
from proctor.editor.pages.form.form_rows import shown_form
from proctor.editor.pages.form.form_state import read_state
from proctor.editor.pages.form.form_steps import apply_step, new_state
from proctor.editor.pages.schedules.later import schedule_edit
from proctor.editor.pages.translating import words_of
from proctor.editor.pages.unsent import was_sent
from proctor.editor.proposals.content import current_hash, definition_of_proposal
from proctor.editor.proposals.deciding import require_open
from proctor.editor.proposals.finding import find_proposal
from proctor.editor.publishing.heads import definition_of, find_head, head_of
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.written import strict_json

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.editor.access.permissions import Actor
    from proctor.editor.changes.outcomes import Proposed, Published
    from proctor.editor.pages.changes import ThreeWay
    from proctor.editor.pages.form.form_state import FormState
    from proctor.editor.schedules.services import Scheduled

__all__ = ["check_panel", "create", "edit"]

#: Maximum size, in characters, of a form that is checked while the user types.
MOST = 64 * 1024
#: Maximum number of tests that are suggested as dependencies. Users can type other names.
_PARENTS = 500


@dataclass(slots=True)
class _Draft:
    """A user's unsaved work."""

    test: str
    base: str
    is_new: bool
    #: The form, or None if the definition can be shown only as JSON.
    state: FormState | None
    document: dict[str, Any]
    #: The text on the JSON tab, or None while the form is shown.
    text: str | None = None
    message: str = ""
    #: The time of publication as the user typed it, or "" to publish immediately.
    when: str = ""
    problems: list[FieldProblem] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    #: The id of the field that gets the focus.
    focus: str = ""
    #: The template context for a conflict, if someone has published since the user began to edit.
    conflict: dict[str, Any] | None = None
    #: The proposal being edited, and its hash when editing began.
    proposal: Proposal | None = None
    content: str = ""
    number: int | None = None

    @classmethod
    def of(cls, test: str, base: str, document: dict[str, Any], *, is_new: bool) -> _Draft:
        if fits_the_form(document):
            return cls(test, base, is_new, state_of_document(document), document)
        return cls(test, base, is_new, None, document, json_text(document))

    @classmethod
    def read(cls, request: HttpRequest, test: str, *, is_new: bool) -> _Draft:
        """Return the draft sent by the browser."""
        posted = request.POST.dict()
        asked = {name: text for name, text in posted.items() if name.startswith("try-")}
        base, message = posted.get("base", ""), acting.typed(request)
        draft = cls(test, base, is_new, None, {}, message=message, asked=asked)
        draft.when = "" if is_new else posted.get("when", "").strip()
        draft.number = acting.number_of(posted.get("proposal"), None)
        if posted.get("mode") == "json":
            draft.text = posted.get("json", "").replace("\r\n", "\n")
            draft._read_text()
        else:
            draft.state = read_state(posted)
            draft.read_state()
        return draft

    def read_state(self) -> None:
        """Convert the form to a definition, and note which fields have problems."""
        assert self.state is not None
        read = document_of_state(self.state)
        self.document, self.problems = read.document, of_fields(read.problems)

    def _read_text(self) -> None:
        try:
            document = strict_json(self.text or "")
            if not isinstance(document, dict):
                raise ValueError(_("expected an object, {…}"))
            self.document = document
        except ValueError as error:
            message = _("This is not JSON: %(error)s.") % {"error": words_of(error)}
            self.problems = [FieldProblem("json", message)]

    def switch(self, tab: str) -> None:
        """Switch between the form and the JSON tab; the definition stays the same."""
        if self.problems and not (tab == "json" and self.state is not None):
            return
        if tab == "json":
            self.text, self.state = json_text(self.document), None
        elif fits_the_form(self.document):
            self.text, self.state = None, state_of_document(self.document)


@page
def create(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Create a test, either empty or as a copy of another test."""
    actor.require(VIEW, branch=first_branch())
    if request.method == "POST":
        test = request.POST.get("test", "").strip()
        return _posted(request, actor, _Draft.read(request, test, is_new=True))
    copied = request.GET.get("copy", "")
    if copied:
        require_view(actor, copied)
        definition = definition_of(head_of(copied, first_branch()))
        document = document_of(definition)
        document["salt"] = ""
        for each in document.get("allocations", ()):
            each["id"] = ""
        draft = _Draft.of("", "", document, is_new=True)
    else:
        state = new_state()
        draft = _Draft("", "", True, state, document_of_state(state).document)
    return _form(request, actor, draft)


@page
def edit(request: HttpRequest, actor: Actor, test: str) -> HttpResponseBase:
    """Edit a test."""
    require_view(actor, test)
    proposal = _proposal(request, actor, test)
    if request.method == "POST":
        draft = _Draft.read(request, test, is_new=False)
        draft.proposal, draft.content = proposal, request.POST.get("hash", "")
        return _posted(request, actor, draft)
    if proposal is not None:
        return _form(request, actor, _proposed(proposal))
    head = head_of(test, first_branch())
    document = document_of(definition_of(head))
    return _form(request, actor, _Draft.of(test, head.id, document, is_new=False))


def _proposal(request: HttpRequest, actor: Actor, test: str) -> Proposal | None:
    """Return the proposal that the query string names, if it can be edited."""
    number = acting.number_of(request.GET.get("proposal"), None)
    if number is None:
        return None
    found = find_proposal(actor, number)
    require_open(found)
    if found.test != test or not can_be_edited(found):
        raise NotFound(_("Proposal %(number)s is not an edit of this test.") % {"number": number})
    return found


def _proposed(proposal: Proposal) -> _Draft:
    """Return the initial draft for editing a proposal, based on the current head."""
    head = find_head(proposal.test, proposal.branch.name)
    base = "" if head is None or head.definition is None else head.id
    document = document_of(definition_of_proposal(proposal))
    draft = _Draft.of(proposal.test, base, document, is_new=False)
    draft.proposal, draft.content = proposal, current_hash(proposal)
    draft.message, draft.number = proposal.message, proposal.pk
    if base != (proposal.base_id or "") and head is not None:
        draft.conflict = _sides(draft, proposal.base, head)
    return draft


def _posted(request: HttpRequest, actor: Actor, draft: _Draft) -> HttpResponseBase:
    step = request.POST.get("do", "") if was_sent(request) else ""
    _default_salt(draft)
    if step == "publish":
        if not draft.problems:
            return _publish(request, actor, draft)
    elif step in ("json", "form"):
        draft.switch(step)
    elif draft.state is not None:
        draft.focus = apply_step(draft.state, step)
        draft.read_state()
        _default_salt(draft)
    return _form(request, actor, draft)


def _default_salt(draft: _Draft) -> None:
    """Give a new test the salt that Proctor's own editor would propose."""
    is_typed = draft.state is None or draft.state.texts["salt"].strip()
    if draft.is_new and draft.test and not draft.problems and not is_typed:
        draft.document["salt"] = f"&{draft.test}"


def _publish(request: HttpRequest, actor: Actor, draft: _Draft) -> HttpResponseBase:
    text = json.dumps(draft.document)
    base, message = draft.base or None, draft.message
    try:
        done = _save(actor, draft, text, base, message)
    except Changed:
        words = _(
            "The proposal was changed while you were editing it. Open it again to see the changes."
        )
        draft.problems = [FieldProblem("", words)]
        return _form(request, actor, draft, status=409)
    except Refused as refused:
        draft.problems = field_problems(refused.problems)
        return _form(request, actor, draft, status=422)
    except Conflict as conflict:
        if draft.is_new:
            message = _("A test with this name already exists. Choose another name.")
            draft.problems = [FieldProblem("test", message)]
        else:
            draft.conflict = _conflict(draft, conflict)
            draft.base = conflict.head or ""
        return _form(request, actor, draft, status=409)
    return acting.done(draft.test, done)


def _save(
    actor: Actor, draft: _Draft, text: str, base: str | None, message: str
) -> Published | Proposed | Scheduled:
    if draft.when and draft.proposal is None:
        return schedule_edit(actor, draft.test, text, draft.when, base=base, message=message)
    if draft.proposal is None:
        return services.edit(actor, draft.test, text, base=base, message=message)
    number, content = draft.proposal.pk, draft.content
    return update_proposal(actor, number, text, content=content, base=base, message=message)


def _conflict(draft: _Draft, conflict: Conflict) -> dict[str, Any]:
    """Return the template context for a conflict: both people's changes, field by field."""
    revisions = Revision.objects.select_related("branch")
    base = revisions.filter(id=conflict.base, test=draft.test).first()
    return _sides(draft, base, find_head(draft.test, conflict.branch))


def _sides(draft: _Draft, base: Revision | None, head: Revision | None) -> dict[str, Any]:
    before, now = (document_of(definition_of(each)) for each in (base, head))
    rows: list[ThreeWay] = three_ways(before, now, draft.document)
    return {"head": head, "rows": rows, "sentences": sentences_between(base, head)}


def _form(request: HttpRequest, actor: Actor, draft: _Draft, *, status: int = 200) -> HttpResponse:
    check = _check(actor, draft)
    problems = [*draft.problems, *(each for each in check.problems if each not in draft.problems)]
    can_edit = actor.may(EDIT, test=draft.test or None, branch=first_branch())
    title = _("New test") if draft.is_new else _("Edit %(test)s") % {"test": draft.test}
    context = {
        "draft": draft,
        "form": None if draft.state is None else shown_form(draft.state, problems),
        "json": draft.text,
        "can_edit": can_edit,
        "can_show_form": draft.text is None or fits_the_form(draft.document),
        "branch": first_branch(),
        "asks": asking(actor, draft.test, first_branch()),
        "check": check,
        "check_address": address("check"),
        "test_types": [*TEST_TYPES, *settings.PROCTOR_TEST_TYPES],
        "payload_types": _payload_types(),
        "parents": _parents(draft.test),
        "hold": _hold(draft.test),
        "other_problems": [each for each in problems if each.field in ("", "json")],
        "test_problems": [each for each in problems if each.field == "test"],
        "has_tried_to_publish": status != 200,
        "zone": get_current_timezone_name(),
    }
    return render(request, actor, "edit.html", title, status=status, **context)


def _hold(test: str) -> Hold | None:
    """Return the hold that prevents publishing the test, or None if it is not held."""
    holds = Hold.objects.using(write_alias()).filter(branch__name=first_branch(), released=None)
    return holds.filter(test=test).first()


def _parents(test: str) -> list[str]:
    """Return the tests on which the edited test can depend."""
    heads = Head.objects.using(write_alias()).filter(branch__name=first_branch(), is_deletion=False)
    names = heads.exclude(test=test).order_by("test").values_list("test", flat=True)
    return list(names[:_PARENTS])


def _payload_types() -> list[tuple[str, str]]:
    words = {
        "stringValue": _("a string"),
        "longValue": _("a whole number"),
        "doubleValue": _("a number"),
        "stringArray": _("a list of strings"),
        "longArray": _("a list of whole numbers"),
        "doubleArray": _("a list of numbers"),
        "map": _("a map of names to values"),
        "json": _("any JSON"),
    }
    return [(kind, words[kind]) for kind in sorted(PAYLOAD_TYPES, key=list(words).index)]


def _check(actor: Actor, draft: _Draft) -> Check:
    if draft.problems:
        return Check(problems=list(draft.problems))
    if draft.is_new and not draft.test:
        return Check(problems=[])
    try:
        branch, test, number = first_branch(), draft.test, draft.number
        return check_document(actor, branch, test, draft.document, draft.asked, proposal=number)
    except Refusal as refusal:
        return Check(problems=field_problems([refusal.problem]))


@page
def check_panel(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """POST check/: return the side panel for the current input."""
    actor.require(VIEW, branch=first_branch())
    # `request.body` cannot be used: CSRF protection may already have read the body as a form.
    if sum(len(name) + len(value) for name, value in request.POST.items()) > MOST:
        return HttpResponse(_("This is too large to check while you type."), status=413)
    test = request.POST.get("test", "").strip()
    is_new = request.POST.get("new") == "1"
    if test and not is_new and not can_see(actor, test):
        test = ""
    draft = _Draft.read(request, test, is_new=is_new)
    _default_salt(draft)
    context = {"check": _check(actor, draft), "draft": draft, "branch": first_branch()}
    return HttpResponse(encodable(render_to_string("proctor/editor/panel.html", context, request)))
