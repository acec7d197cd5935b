"""Perform the actions of the buttons on the groups page and in the bar."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from proctor.core.inputs.force_groups import ForceGroups
from proctor.core.messages import printable
from proctor.pages.places import NEXT, checked, with_query
from proctor.pages.what_if import WhatIf
from proctor.resolving.site_setup import current_setup
from proctor.visits import bar_cookie, forced_by_request, staff
from proctor.visits.bar_cookie import BarCookie

if TYPE_CHECKING:
    from django.http import HttpRequest

    from proctor.pages.shown_matrix import ShownMatrix
    from proctor.visits.visit import Visit

__all__ = ["act", "use_identity"]

logger = logging.getLogger("proctor.force")


def act(request: HttpRequest, visit: Visit) -> HttpResponse | str:
    """Perform the action of the clicked button. Return a redirect, or a description of the problem.

    The caller has already checked privilege and the CSRF token.
    """
    if "hide-bar" in request.POST:
        response = _redirect(request)
        bar_cookie.hide(request, response)
        return response
    if "show-bar" in request.POST or "return" in request.POST:
        response = _redirect(request)
        bar_cookie.write(request, response, BarCookie())
        return response
    return _force(request, visit)


def use_identity(
    request: HttpRequest, visit: Visit, wanted: WhatIf, matrix: ShownMatrix
) -> HttpResponse | str:
    """Give the visitor the identity from the form, on the whole site, until they switch back."""
    visit.run_hooks()  # with PROCTOR_LAZY, the hooks may not have run yet
    identity = wanted.differences(WhatIf.of(visit.own, matrix))
    if not identity and not visit.uses_identity:
        return _("These values are your own identity. Change a value first.")
    response = HttpResponseRedirect(checked(request.POST.get(NEXT)) or request.path, status=303)
    if not bar_cookie.write(request, response, BarCookie(identity or None)):
        return _("The values are too long for a cookie. Shorten them.")
    bar_cookie.unfold(request, response)
    staff.know_user(request)
    # Log only the keys, because a value may identify a customer.
    keys = ", ".join([*identity.identifiers, *identity.context])
    who = forced_by_request.who(request)
    logger.info("%s uses a different identity: %s", who, printable(keys or "none (returned)"))
    return response


def _force(request: HttpRequest, visit: Visit) -> HttpResponse | str:
    name = request.POST.get("force")
    if name is not None and request.POST.get(f"force.{name}") is None:
        return _("Choose a group of %(test)s, then press Force.") % {"test": name[:100]}
    force = _chosen(request, visit.privilege().groups)
    staff.know_user(request)
    response = _redirect(request)
    if not forced_by_request.store(request, response, force):
        return _("The forced groups are too long for a cookie. Force fewer groups.")
    return response


def _redirect(request: HttpRequest) -> HttpResponse:
    """Redirect to the page whose bar was used, or to the groups page."""
    place = checked(request.POST.get(NEXT))
    if "bar" in request.POST:
        response = HttpResponseRedirect(place or request.path, status=303)
        bar_cookie.unfold(request, response)
        return response
    posted = request.POST
    test = posted.get("force") or posted.get("clear") or _single(request)
    address = with_query(
        request.path, q=posted.get("q", ""), next=place, fragment=f"test-{test}" if test else ""
    )
    return HttpResponseRedirect(address, status=303)


def _single(request: HttpRequest) -> str:
    """Return the test whose group was clicked, or "" unless exactly one group was clicked."""
    names = [name for name in request.POST if name.startswith("force.")]
    return names[0].removeprefix("force.") if len(names) == 1 else ""


def _chosen(request: HttpRequest, force: ForceGroups) -> ForceGroups:
    """Return the force groups that result from a click; tests of other applications stay forced."""
    if "clear-all" in request.POST:
        return ForceGroups()
    cleared, only = request.POST.get("clear"), request.POST.get("force")
    for name in current_setup().registry:
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
        return force  # our page never sends such a value
