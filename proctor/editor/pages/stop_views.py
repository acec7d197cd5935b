"""Pages to stop a test, either from the test's page or from any other page, and to release it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponseRedirect
from django.utils.translation import gettext as _

from proctor.core.authoring.moves.refused import ChangeRefused
from proctor.core.authoring.moves.stopping import stop_value
from proctor.core.sentences import sentence_of
from proctor.editor.access.permissions import STOP
from proctor.editor.branches import branch_names
from proctor.editor.changes import previews, services
from proctor.editor.errors import EditorError, NotFound, Refused, refused
from proctor.editor.models import Hold
from proctor.editor.pages.acting import act, done, head_asked_for, number_of, typed
from proctor.editor.pages.answers import address, page, render, require_view, visible
from proctor.editor.pages.catalog import read_catalog
from proctor.editor.pages.effects import effect_of
from proctor.editor.pages.shown import groups_of
from proctor.editor.pages.translating import messages_of, words_of
from proctor.editor.pages.unsent import was_sent
from proctor.editor.publishing.heads import definition_of, head_of
from proctor.editor.publishing.publishing import write_alias

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.editor.access.permissions import Actor
    from proctor.editor.pages.effects import Effect

__all__ = ["release", "stop", "stop_any"]

#: Maximum number of tests to choose from. If there are more, users type the name.
_OFFERED = 300


@page
def stop(request: HttpRequest, actor: Actor, test: str) -> HttpResponseBase:
    """Move everyone to a group with a value of 0 or less. A stop needs a reason but no approval."""
    branch, head, definition = head_asked_for(request, actor, test)
    actor.require(STOP, test=test, branch=branch)

    def show(**context: Any) -> HttpResponseBase:
        status = context.pop("status", 200)
        return render(
            request,
            actor,
            "stop.html",
            _("Stop %(test)s") % {"test": test},
            status=status,
            test=test,
            branch=branch,
            head=head,
            reason=request.POST.get("reason", ""),
            **_choice(request, branch, definition),
            **context,
        )

    if not was_sent(request):
        return show()
    value = number_of(request.POST.get("value"), None)
    reason = typed(request, "reason")
    return act(
        lambda: services.stop(actor, test, branch, value=value, reason=reason),
        show,
        test,
        actor,
    )


def _choice(request: HttpRequest, branch: str, definition: Definition) -> dict[str, Any]:
    """Return the template context for choosing a group, with the effect of each choice."""
    groups = [each for each in groups_of(definition.test) if each.value <= 0]
    effects = [_effect(branch, definition, each.value) for each in groups]
    try:
        proposed = stop_value(definition.test)
    except ChangeRefused as error:
        raise refused(definition.name, "change-refused", sentence_of(error)) from error
    return {
        "groups": list(zip(groups, effects, strict=True)),
        "proposed": number_of(request.POST.get("value"), proposed),
    }


def _effect(branch: str, definition: Definition, value: int) -> Effect | None:
    """Return the effect of a stop, or None if the stop would be refused."""
    test = definition.name
    try:
        prepared = previews.stopped(branch, test, definition, value)
    except Refused:
        return None
    return effect_of(test, prepared.before, prepared.after)


@page
def stop_any(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Stop a test from any page: choose it, see which visitors move, and give a reason.

    The form names the test whose preview was shown. If the user chooses a different test, its
    preview is shown first.
    """
    choices, few = _offered(actor)
    # If there is only one test to choose from, it is preselected.
    only = "{1} {0}".format(*choices[0]) if few and len(choices) == 1 else ""
    test, branch = _chosen(request.POST.get("test", only), choices)
    shown = f"{branch} {test}"
    problems: list[str] = []
    if was_sent(request) and request.POST.get("do") != "check":
        require_view(actor, test)
        if request.POST.get("seen") == shown:
            value = number_of(request.POST.get("value"), None)
            reason = typed(request, "reason")
            try:
                return done(test, services.stop(actor, test, branch, value=value, reason=reason))
            except Refused as error:
                problems = messages_of(error.problems)
        else:
            actor.require(STOP, test=test, branch=branch)
            head_of(test, branch)
            problems = [_("Check who moves, then press “Stop now” again.")]
    return render(
        request,
        actor,
        "stop.html",
        _("Stop a test"),
        status=422 if problems else 200,
        choices=[(f"{on} {name}", name, on) for name, on in choices],
        chosen=shown if few else test,
        few=few,
        branches=branch_names(),
        reason=request.POST.get("reason", ""),
        problems=problems,
        here="stop",
        **(_preview(request, actor, test, branch) if test else {}),
    )


def _offered(actor: Actor) -> tuple[list[tuple[str, str]], bool]:
    """Return the tests to choose from with their branches, and whether a list can show them all."""
    catalog = read_catalog()
    choices = [
        (each.name, branch)
        for each in visible(actor, catalog.tests.values())
        for branch in reversed([*each.entries])
        if each.name not in catalog.held.get(branch, ())
    ]
    few = len(choices) <= _OFFERED
    if few:
        choices = [each for each in choices if actor.may(STOP, test=each[0], branch=each[1])]
    if not choices or not few:
        actor.require(STOP, branch=branch_names()[-1])
    return choices, few


def _chosen(text: str, choices: list[tuple[str, str]]) -> tuple[str, str]:
    """Return the chosen test and branch.

    If the user typed only the name of a test, the branch is that of the test's first entry in
    *choices*, or the last branch if the test has no entry.
    """
    for branch in branch_names():
        if text.startswith(f"{branch} "):
            return text.removeprefix(f"{branch} ").strip(), branch
    test = text.strip()
    return test, next((on for name, on in choices if name == test), branch_names()[-1])


def _preview(request: HttpRequest, actor: Actor, test: str, branch: str) -> dict[str, Any]:
    """Return the template context that shows which visitors move, or why no stop is possible."""
    try:
        require_view(actor, test)
        actor.require(STOP, test=test, branch=branch)
        definition = definition_of(head_of(test, branch))
        assert definition is not None
        seen = {"seen": f"{branch} {test}", "seen_test": test, "seen_branch": branch}
        return {**seen, **_choice(request, branch, definition)}
    except EditorError as error:
        return {"unknown": words_of(error)}


@page
def release(request: HttpRequest, actor: Actor, test: str) -> HttpResponseBase:
    """Lift the hold on a stopped test."""
    branch, _head_revision, _definition = head_asked_for(request, actor, test)
    actor.require(STOP, test=test, branch=branch)
    problems: list[str] = []
    if was_sent(request):
        try:
            services.release(actor, test, branch, message=typed(request))
            return HttpResponseRedirect(address("test", test), status=303)
        except Refused as error:
            problems = messages_of(error.problems)
    holds = Hold.objects.using(write_alias()).filter(branch__name=branch, test=test, released=None)
    hold = holds.first()
    if hold is None:
        raise NotFound(
            _("“%(test)s” is not held on %(branch)s.") % {"test": test, "branch": branch}
        )
    return render(
        request,
        actor,
        "release.html",
        _("Release %(test)s") % {"test": test},
        status=422 if problems else 200,
        test=test,
        branch=branch,
        hold=hold,
        message=request.POST.get("message", ""),
        problems=problems,
    )
