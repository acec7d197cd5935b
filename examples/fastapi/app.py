"""An API whose response depends on A/B tests, with FastAPI and Proctor's engine."""

from __future__ import annotations

import hmac
import logging
import os
import secrets
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response

from proctor.core import ForceGroups, GroupAssignment, GroupsRequest, MatrixSource, SourceError

TESTS = ("buttoncolortst", "newfeaturerollout")
logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
exposures = logging.getLogger("exposures")
source = MatrixSource(os.environ.get("MATRIX", Path(__file__).parents[1] / "matrix.json"))
app = FastAPI()


class Visitor:
    """The visitor who sends the request, and their groups."""

    # A plain function: FastAPI calls it in a thread, so loading the matrix does not block the event
    # loop.
    def __init__(self, request: Request, response: Response) -> None:
        self.id = request.cookies.get("visitor") or secrets.token_urlsafe(16)
        response.set_cookie("visitor", self.id, 365 * 86400, httponly=True, samesite="lax")
        response.headers["Cache-Control"] = "private"
        key, shown = os.environ.get("QA_KEY", ""), request.cookies.get("qa", "")
        may_force = bool(key) and hmac.compare_digest(key.encode(), shown.encode())
        forced = ForceGroups.parse(request.query_params.get("prforceGroups")) if may_force else None
        context = {"country": request.headers.get("X-Country", "")}
        asked = GroupsRequest({"USER": self.id}, context, forced, TESTS)
        self._shown: set[str] = set()
        try:
            self._groups = source.determine_groups(asked)
        except SourceError:  # the source has logged the error; answer without groups
            self._groups = {}

    def group(self, test: str) -> GroupAssignment | None:
        """Return the visitor's assignment, or None; log the exposure at the first read."""
        found = self._groups.get(test)
        if found is not None and found.value >= 0 and not found.forced and test not in self._shown:
            self._shown.add(test)
            exposures.info("%r %s %s", self.id, test, found.group)
        return found


@app.get("/")
async def home(visitor: Annotated[Visitor, Depends()]) -> dict[str, object]:
    color, search = visitor.group("buttoncolortst"), visitor.group("newfeaturerollout")
    return {
        "button": color.payload if color else "#6C757D",
        "search": search is not None and search.group == "active",
    }
