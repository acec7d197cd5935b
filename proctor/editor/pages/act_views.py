"""Pages to raise a test's shares, and to finish, roll back or delete it, with a preview."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from proctor.editor.access.permissions import DELETE, writing
from proctor.editor.branches import check_branch
from proctor.editor.changes import previews, services
from proctor.editor.errors import NotFound, refused
from proctor.editor.pages.acting import act, head_asked_for, number_of, typed
from proctor.editor.pages.answers import page, render, require_view
from proctor.editor.pages.asking import asking
from proctor.editor.pages.changes import sentences_between
from proctor.editor.pages.cleanup import places_of
from proctor.editor.pages.effects import effect_of
from proctor.editor.pages.form.form_shares import raised, summed
from proctor.editor.pages.shown import groups_of
from proctor.editor.pages.translating import messages_of
from proctor.editor.pages.unsent import was_sent
from proctor.editor.publishing.heads import definition_of, find_head, revision_of

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.editor.access.permissions import Actor
    from proctor.editor.changes.preparing import Prepared

__all__ = ["delete", "finish", "raise_shares", "roll_back"]


def _preview(prepared: Prepared, test: str) -> dict[str, Any]:
    """Return the template context for the preview of a change."""
    problems = messages_of(each for each in prepared.problems if each.code != "unchanged")
    return {
        "effect": effect_of(test, prepared.before, prepared.after),
        "problems": problems,
        "is_unchanged": prepared.definition is not None
        and prepared.before.get(test) is not None
        and not problems
        and any(each.code == "unchanged" for each in prepared.problems),
    }


@page
def raise_shares(request: HttpRequest, actor: Actor, test: str) -> HttpResponseBase:
    """Raise the total share of an allocation's live groups, moving as few visitors as possible."""
    branch, head, definition = head_asked_for(request, actor, test)
    actor.require(writing(branch), test=test, branch=branch)
    source = request.POST if request.method == "POST" else request.GET
    number, target = number_of(source.get("allocation"), 1), number_of(source.get("to"), 0)
    shares = _raised(definition, number - 1, target)

    def show(**context: Any) -> HttpResponseBase:
        status = context.pop("status", 200)
        preview = _preview(previews.ramped(branch, test, definition, number - 1, shares), test)
        return render(
            request,
            actor,
            "raise.html",
            _("Raise %(test)s to %(target)s %%") % {"test": test, "target": target},
            status=status,
            **{**preview, **context},
            test=test,
            branch=branch,
            asks=asking(actor, test, branch),
            head=head,
            target=target,
            number=number,
            allocations=len(definition.test.allocations),
            message=request.POST.get("message", ""),
        )

    if not was_sent(request):
        return show()
    message, base = typed(request), request.POST.get("base", "")
    return act(
        lambda: services.ramp(actor, test, branch, number - 1, shares, base=base, message=message),
        show,
        test,
        actor,
    )


def _raised(definition: Definition, index: int, target: int) -> dict[int, Fraction]:
    test = definition.test
    if not 0 <= index < len(test.allocations):
        raise NotFound(_("The test has no allocation %(number)s.") % {"number": index + 1})
    lengths = summed(each.to_dict() for each in test.allocations[index].ranges)
    for bucket in test.buckets:
        lengths.setdefault(bucket.value, Fraction(0))
    shares = raised(lengths, Fraction(min(max(target, 0), 100), 100))
    if shares is None:
        words = _("there is no negative bucket to take visitors from; edit the shares instead")
        raise refused(test.name, "change-refused", words)
    return shares


@page
def finish(request: HttpRequest, actor: Actor, test: str) -> HttpResponseBase:
    """Choose the winning group and give it to every visitor."""
    branch, head, definition = head_asked_for(request, actor, test)
    actor.require(writing(branch), test=test, branch=branch)
    value = number_of(request.POST.get("value") or request.GET.get("value"), None)
    chosen = value in {bucket.value for bucket in definition.test.buckets}

    def show(**context: Any) -> HttpResponseBase:
        status = context.pop("status", 200)
        preview = {}
        if chosen:
            preview = _preview(previews.finished(branch, test, definition, value), test)
        return render(
            request,
            actor,
            "finish.html",
            _("Finish %(test)s") % {"test": test},
            status=status,
            **{**preview, **context},
            test=test,
            branch=branch,
            asks=asking(actor, test, branch),
            head=head,
            groups=groups_of(definition.test),
            value=value,
            chosen=chosen,
            places=places_of(test),
            message=request.POST.get("message", ""),
        )

    if not was_sent(request) or not chosen:
        return show()
    message, base = typed(request), request.POST.get("base", "")
    return act(
        lambda: services.finish(actor, test, branch, value, base=base, message=message),
        show,
        test,
        actor,
    )


@page
def roll_back(request: HttpRequest, actor: Actor, test: str) -> HttpResponseBase:
    """Publish an older revision again on its branch."""
    require_view(actor, test)
    source = request.POST if request.method == "POST" else request.GET
    branch = check_branch(source.get("branch", ""))
    actor.require(writing(branch), test=test, branch=branch)
    target = revision_of(test, branch, source.get("revision", ""))
    head = find_head(test, branch)

    def show(**context: Any) -> HttpResponseBase:
        status = context.pop("status", 200)
        preview = _preview(previews.restored(branch, test, definition_of(target)), test)
        return render(
            request,
            actor,
            "roll_back.html",
            _("Roll back %(test)s") % {"test": test},
            status=status,
            **{**preview, **context},
            test=test,
            branch=branch,
            asks=asking(actor, test, branch),
            head=head,
            base="" if head is None or head.definition is None else head.id,
            target=target,
            sentences=sentences_between(head, target),
            message=request.POST.get("message", ""),
        )

    if not was_sent(request):
        return show()
    message, base = typed(request), request.POST.get("base") or None
    return act(
        lambda: services.roll_back(actor, test, branch, target.id, base=base, message=message),
        show,
        test,
        actor,
    )


@page
def delete(request: HttpRequest, actor: Actor, test: str) -> HttpResponseBase:
    """Delete a test from a branch."""
    branch, head, _definition = head_asked_for(request, actor, test)
    actor.require(DELETE, test=test, branch=branch)
    actor.require(writing(branch), test=test, branch=branch)

    def show(**context: Any) -> HttpResponseBase:
        status = context.pop("status", 200)
        preview = _preview(previews.restored(branch, test, None), test)
        return render(
            request,
            actor,
            "delete.html",
            _("Delete %(test)s") % {"test": test},
            status=status,
            **{**preview, **context},
            test=test,
            branch=branch,
            asks=asking(actor, test, branch),
            head=head,
            places=places_of(test),
            message=request.POST.get("message", ""),
        )

    if not was_sent(request):
        return show()
    message, base = typed(request), request.POST.get("base", "")
    return act(
        lambda: services.delete(actor, test, branch, base=base, message=message),
        show,
        test,
        actor,
    )
