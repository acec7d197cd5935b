"""The page on which users record whether a group won, lost or did neither, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import DatabaseError
from django.http import HttpResponseRedirect
from django.utils.translation import gettext as _

from proctor.resolving.site_setup import current_setup
from proctor.results.access import DECIDE
from proctor.results.decisions import decide as store
from proctor.results.models import Verdict
from proctor.results.pages.answers import NOTICE, address, page, refusal, render
from proctor.results.pages.language import translated_sentence
from proctor.results.pages.shown import definitions, shades
from proctor.results.reports.counting import count_tests
from proctor.results.reports.reporting import NoReport, report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = ["decide"]

#: Maximum length of a reason, in characters.
_REASON = 900


@page(DECIDE, methods=("GET", "HEAD", "POST"))
def decide(request: HttpRequest, test: str) -> HttpResponseBase:
    """Show the form, and store the decision."""
    recorded = count_tests(test).get(test)
    if recorded is None and test not in current_setup().registry:
        return refusal(request, 404, _("There is no test “%(test)s”.") % {"test": test})
    groups = list(shades(recorded.groups if recorded else (), definitions().get(test)))
    verdict = request.POST.get("verdict", "")
    group = request.POST.get("group", "")
    reason = request.POST.get("reason", "").strip()[:_REASON]
    problems, finding = [], ""
    if request.method == "POST":
        if verdict not in Verdict.values:
            problems.append(_("Choose won, lost or neither."))
        elif verdict != Verdict.NEITHER and group not in groups:
            problems.append(_("Choose the group that won or lost."))
        if not reason or "\0" in reason:
            problems.append(_("Give a reason that people will still understand in a year."))
        if not problems:
            _decision, problem = store(request.user, test, Verdict(verdict), group, reason)
            if problem:
                text = _(
                    "The decision is stored, but was not added to the editor's history: %(why)s"
                )
                request.session[NOTICE] = text % {"why": problem}
            return HttpResponseRedirect(address("test", test))
    elif recorded is not None:
        verdict, group, finding = _found(test, groups)
    return render(
        request,
        "decide.html",
        _("Decide %(test)s") % {"test": test},
        status=422 if problems else 200,
        test=test,
        groups=groups,
        verdicts=Verdict.choices,
        verdict=verdict,
        group=group,
        reason=reason,
        problems=problems,
        finding=finding,
    )


#: Maps the kind of a report's verdict to the decision that it suggests.
_SUGGESTED = {"wins": Verdict.WON, "loses": Verdict.LOST, "harms": Verdict.LOST}


def _found(test: str, groups: Sequence[str]) -> tuple[str, str, str]:
    """Return the decision and the group that the report suggests, and the report's first sentence.

    Any of the three can be "".
    """
    try:
        found = report(test).verdict
    except (NoReport, DatabaseError):
        return "", "", ""
    suggested = _SUGGESTED.get(found.kind)
    if suggested is None or found.group is None or found.group not in groups:
        return "", "", translated_sentence(found.sentence)
    return suggested.value, found.group, translated_sentence(found.sentence)
