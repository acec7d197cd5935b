"""A page with an A/B test of its button, built with Flask and Proctor's engine."""

from __future__ import annotations

import hmac
import logging
import os
import secrets
from pathlib import Path

from flask import Flask, Response, g, render_template_string, request

from proctor.core import ForceGroups, GroupAssignment, GroupsRequest, MatrixSource, SourceError

TESTS = ("buttoncolortst", "newfeaturerollout")
PAGE = """<!doctype html>{% if search.group == "active" %}<input type="search">{% endif %}
<button class="{{ color.group or 'control' }}">Buy</button>"""

logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
exposures = logging.getLogger("exposures")
app = Flask(__name__)
source = MatrixSource(os.environ.get("MATRIX", Path(__file__).parents[1] / "matrix.json"))


def group(test: str) -> GroupAssignment | None:
    """Return the visitor's assignment, or None; log the exposure at the first read."""
    if "groups" not in g:
        g.visitor, g.shown = request.cookies.get("visitor") or secrets.token_urlsafe(16), set()
        forced = ForceGroups.parse(request.args.get("prforceGroups")) if may_force() else None
        context = {"country": request.headers.get("X-Country", "")}
        asked = GroupsRequest({"USER": g.visitor}, context, forced, TESTS)
        try:
            g.groups = source.determine_groups(asked)
        except SourceError:  # the source has logged the error; show no groups
            g.groups = {}
    found = g.groups.get(test)
    if found is not None and found.value >= 0 and not found.forced and test not in g.shown:
        g.shown.add(test)
        exposures.info("%r %s %s", g.visitor, test, found.group)
    return found


def may_force() -> bool:
    key = os.environ.get("QA_KEY", "")
    return bool(key) and hmac.compare_digest(key.encode(), request.cookies.get("qa", "").encode())


@app.get("/")
def home() -> str:
    color, search = group("buttoncolortst"), group("newfeaturerollout")
    return render_template_string(PAGE, color=color, search=search)


@app.after_request
def keep_visitor(response: Response) -> Response:
    if "visitor" in g:
        response.set_cookie("visitor", g.visitor, 365 * 86400, httponly=True, samesite="Lax")
        response.cache_control.private = True
    return response
