"""The groups page and the matrix as JSON, for those who may force groups.

Whoever may not gets a 404, as if there were nothing. No page counts an exposure.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import get_script_prefix
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from proctor import forced, staff
from proctor.conf import settings
from proctor.configuration import current_configuration
from proctor.core.forcing import ForceGroups
from proctor.pages.overview import Overview, overview
from proctor.pages.shown_matrix import matrix_document, shown_matrix
from proctor.pages.what_if import WhatIf
from proctor.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from proctor.proc import Proc

__all__ = ["groups_json", "groups_page", "show_test_matrix"]


def _for_the_privileged(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """404 for everybody else; and no cache and no search engine keeps what is shown."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        visit = Visit.of(request)
        if visit is None or not visit.check_privilege():
            raise Http404
        response = view(request, *args, **options)
        response.headers["Cache-Control"] = "no-store, private"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    # Who may not see them is told neither of a token that is missing nor of signing in.
    found: Callable[..., HttpResponseBase] = login_not_required(csrf_exempt(guarded))
    return found


@_for_the_privileged
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
def groups_page(request: HttpRequest) -> HttpResponseBase:
    """My groups and why, a form to force others, and "what if" I were somebody else."""
    if request.method != "POST":
        return _page(request)
    if "what-if" in request.POST:
        return _page(request, WhatIf.read(request.POST))
    force = _chosen(request, forced.forced_groups(request))
    staff.know_user(request)
    response = HttpResponseRedirect(_place(request), status=303)
    if not forced.store(request, response, force):
        return _page(request, problem="That is more than a cookie can keep. Force fewer groups.")
    return response


def _place(request: HttpRequest) -> str:
    """Where the visitor was on the page."""
    words, test = request.POST.get("q"), request.POST.get("force") or request.POST.get("clear")
    query = f"?{urlencode({'q': words})}" if words else ""
    return f"{request.path}{query}{f'#test-{quote(test)}' if test else ''}"


def _chosen(request: HttpRequest, force: ForceGroups) -> ForceGroups:
    """What is forced after the buttons of the page; tests of other applications stay."""
    if "clear-all" in request.POST:
        return ForceGroups()
    cleared, only = request.POST.get("clear"), request.POST.get("force")
    for name in current_configuration().registry:
        chosen = request.POST.get(f"force.{name}")
        if only is not None and name != only:
            continue
        if name == cleared or chosen == "":
            force = force.without(name)
        elif chosen is not None and cleared is None:
            force = _with(force, name, chosen)
    return force


def _with(force: ForceGroups, name: str, value: str) -> ForceGroups:
    try:
        return force.with_group(name, int(value))
    except ValueError:
        return force  # no browser with our page sends that


def _page(request: HttpRequest, what_if: WhatIf | None = None, problem: str = "") -> HttpResponse:
    configuration = current_configuration()
    force = forced.forced_groups(request)
    visit = Visit.of(request)
    assert visit is not None
    proc: Proc = visit.proc
    mine = {name: proc.peek(name) for name in proc}
    if what_if is None:
        shown = overview(configuration, mine, visit.asked, force)
    else:
        shown = what_if.overview(configuration, visit.asked.get_http if visit.asked else None)
    words = request.GET.get("q", "").strip()[:100]
    return render(
        request,
        "proctor/groups.html",
        {
            "path": request.path,
            "base_template": settings.PROCTOR_BASE_TEMPLATE,
            "overview": shown,
            "tests": [each for each in shown.tests if each.matches(words)],
            "words": words,
            "force": str(force),
            "link": _link(request, force),
            "foreign": sorted(force.groups.keys() - configuration.registry.keys()),
            "what_if": what_if or WhatIf.of(visit.asked, shown.matrix),
            "is_what_if": what_if is not None,
            "problem": problem,
        },
    )


def _link(request: HttpRequest, force: ForceGroups) -> str:
    """An address that forces the same for whoever may."""
    return (
        request.build_absolute_uri(get_script_prefix())
        + "?"
        + urlencode({forced.PARAMETER: str(force)})
    )


@_for_the_privileged
@require_safe
def groups_json(request: HttpRequest) -> HttpResponseBase:
    """What the groups page shows, as JSON."""
    visit = Visit.of(request)
    assert visit is not None
    proc = visit.proc
    mine = {name: proc.peek(name) for name in proc}
    force = forced.forced_groups(request)
    found: Overview = overview(current_configuration(), mine, visit.asked, force)
    return _json({**found.to_dict(), "force_groups": str(force)})


@_for_the_privileged
@require_safe
def show_test_matrix(request: HttpRequest) -> HttpResponseBase:
    """The declared tests of the live matrix, as JSON; 503 where there is no matrix."""
    configuration = current_configuration()
    matrix = shown_matrix(configuration)
    document = matrix_document(configuration, matrix)
    if matrix.proctor is None:
        return _json({**document, "problem": matrix.problem}, status=503)
    return _json(document)


def _json(document: dict[str, Any], status: int = 200) -> JsonResponse:
    return JsonResponse(document, status=status, json_dumps_params={"indent": 2})
