"""The groups page, and the matrix as JSON, for visitors who may force groups.

Everyone else gets a 404, as if the pages did not exist. The pages do not count exposures.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from proctor.conf import settings
from proctor.core.java.encodable import encodable, encodable_json
from proctor.pages.acting import act, use_identity
from proctor.pages.mistyped import foreign_tests, mistyped_tests
from proctor.pages.overview import Overview, overview
from proctor.pages.places import NEXT, checked, with_query
from proctor.pages.shown_matrix import matrix_document, shown_matrix
from proctor.pages.what_if import WhatIf
from proctor.resolving.site_setup import current_setup
from proctor.upkeep.bar_places import has_bar
from proctor.visits import bar_cookie, forced_by_request
from proctor.visits.bar_cookie import BarCookie
from proctor.visits.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.inputs.force_groups import ForceGroups
    from proctor.visits.proc import Proc

__all__ = ["groups_json", "groups_page", "show_test_matrix"]


def _for_the_privileged(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view to return 404 to visitors who may not force groups, and prevent caching."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        visit = Visit.of(request)
        if visit is None or not visit.check_privilege():
            raise Http404
        visit.privilege().leave_out_bar()
        response = view(request, *args, **options)
        response.headers["Cache-Control"] = "no-store, private"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        # A click on this page forces groups, so other sites must not show the page in a frame.
        response.headers["X-Frame-Options"] = "DENY"
        return response

    # Check privilege before CSRF and login, so the pages stay hidden.
    found: Callable[..., HttpResponseBase] = login_not_required(csrf_exempt(guarded))
    return found


@_for_the_privileged
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
def groups_page(request: HttpRequest) -> HttpResponseBase:
    """Show the visitor's groups and their reasons, and forms to force groups or switch identity."""
    visit = _visit(request)
    if request.method != "POST":
        return _page(request, visit)
    if "what-if" in request.POST or "use-identity" in request.POST:
        what_if = WhatIf.read(request.POST)
        if what_if.problems:
            problem = _("Correct the marked values below.")
            return _page(request, visit, what_if, problem)
        if "use-identity" not in request.POST:
            return _page(request, visit, what_if)
        done = use_identity(request, visit, what_if, shown_matrix(current_setup()))
    else:
        done = act(request, visit)
    return _page(request, visit, problem=done) if isinstance(done, str) else done


def _visit(request: HttpRequest) -> Visit:
    visit = Visit.of(request)
    assert visit is not None
    return visit


def _page(
    request: HttpRequest, visit: Visit, what_if: WhatIf | None = None, problem: str = ""
) -> HttpResponse:
    setup, forcing = current_setup(), visit.privilege()
    force = forcing.groups
    proc: Proc = visit.proc
    mine = {name: proc.peek(name) for name in proc}
    is_what_if = what_if is not None and not what_if.problems
    if what_if is None or not is_what_if:
        shown = overview(setup, mine, visit.asked, force)
    else:
        shown = what_if.overview(setup, visit.asked.get_http if visit.asked else None)
    mistyped = mistyped_tests(force, setup.registry, shown.matrix)
    words = request.GET.get("q", "").strip()[:100]
    page = render_to_string(
        "proctor/groups.html",
        {
            "path": request.path,
            "base_template": settings.PROCTOR_BASE_TEMPLATE,
            "editor": _optional_address("proctor_editor:tests"),
            "results": _optional_address("proctor_results:tests"),
            "overview": shown,
            "tests": [(each, each.matches(words)) for each in shown.tests],
            "found": sum(each.matches(words) for each in shown.tests),
            "words": words,
            "force": str(force),
            "link": _link(request, force),
            "foreign": foreign_tests(force, setup.registry, mistyped),
            "mistyped": mistyped.values(),
            "what_if": what_if or WhatIf.of(visit.asked, shown.matrix),
            "is_what_if": is_what_if,
            "problem": problem,
            "identity": forcing.identity,
            "is_bar_hidden": bar_cookie.is_hidden(request),
            "has_bar": has_bar(),
            "back": _back(request),
        },
        request,
    )
    # A matrix or a request may contain lone surrogates, which cannot be encoded in a page.
    response = HttpResponse(encodable(page))
    if request.method != "POST" and not bar_cookie.is_hidden(request):
        bar_cookie.write(request, response, forcing.bar or BarCookie())
    return response


def _back(request: HttpRequest) -> str:
    """Return the page that the visitor came from, according to the form or the Referer header."""
    place = checked(request.POST.get(NEXT) or request.GET.get(NEXT))
    if place or request.method == "POST":
        return place
    came = urlsplit(request.headers.get("Referer", ""))
    if came.netloc != request.get_host() or came.path == request.path:
        return ""
    return checked(with_query(came.path) + (f"?{came.query}" if came.query else ""))


def _optional_address(name: str) -> str:
    """Return a URL of the editor or the results, or "" if that app is not installed."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _link(request: HttpRequest, force: ForceGroups) -> str:
    """Return a URL that forces the same groups for anyone who may force groups."""
    return (
        request.build_absolute_uri(get_script_prefix())
        + "?"
        + urlencode({forced_by_request.PARAMETER: str(force)})
    )


@_for_the_privileged
@require_safe
def groups_json(request: HttpRequest) -> HttpResponseBase:
    """Return the content of the groups page as JSON."""
    visit = _visit(request)
    proc = visit.proc
    mine = {name: proc.peek(name) for name in proc}
    force = visit.privilege().groups
    setup = current_setup()
    found: Overview = overview(setup, mine, visit.asked, force)
    mistyped = mistyped_tests(force, setup.registry, found.matrix)
    return _json(
        {**found.to_dict(), "force_groups": str(force), "force_problems": [*mistyped.values()]}
    )


@_for_the_privileged
@require_safe
def show_test_matrix(request: HttpRequest) -> HttpResponseBase:
    """Return the declared tests of the live matrix as JSON, or 503 if there is no matrix."""
    setup = current_setup()
    matrix = shown_matrix(setup)
    document = matrix_document(setup, matrix)
    if matrix.proctor is None:
        return _json({**document, "problem": matrix.problem}, status=503)
    return _json(document)


def _json(document: dict[str, Any], status: int = 200) -> JsonResponse:
    return JsonResponse(encodable_json(document), status=status, json_dumps_params={"indent": 2})
