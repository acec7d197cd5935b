"""JSON documents and responses of the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.http import JsonResponse
from django.utils.cache import patch_vary_headers

from proctor.editor.api.failures import MethodRefused, RequestFailure
from proctor.editor.api.problem_fields import field_of
from proctor.editor.errors import (
    Conflict,
    Refused,
)
from proctor.editor.http_status import status_of
from proctor.editor.models import Revision
from proctor.editor.publishing.heads import definition_of
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.publishing.texts import parse, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.authoring.moves.who_moves import PairMoves
    from proctor.core.problems import Problem
    from proctor.editor.errors import EditorError

__all__ = [
    "answer",
    "definition_document",
    "error_answer",
    "etag",
    "moves_document",
    "problems_document",
    "test_document",
]


def answer(document: Mapping[str, Any], status: int = 200) -> JsonResponse:
    """Return a JSON response that caches must not share between users."""
    response = JsonResponse(document, status=status)
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ("Authorization", "Cookie"))
    return response


def etag(revision: Revision | None) -> str | None:
    """Return the ETag of a test on a branch, or None if the branch has no such test."""
    return None if revision is None or revision.definition is None else f'"{revision.id}"'


def test_document(revision: Revision) -> dict[str, Any]:
    """Return a revision's test as JSON. The branch of *revision* must be loaded."""
    definition = definition_document(definition_of(revision))
    return {
        "test": revision.test,
        "branch": revision.branch.name,
        "revision": revision.id,
        "version": None if definition is None else definition.get("version"),
        "definition": definition,
    }


def definition_document(definition: Definition | None) -> Any:
    """Return a definition as JSON, or None for a deletion.

    The stored text is not used, because imported text can contain comments.
    """
    return None if definition is None else json.loads(write(definition))


def moves_document(test: str, moves: Mapping[str, Iterable[PairMoves]]) -> list[dict[str, Any]]:
    """Return the moves between groups as `review --json` does, with the test in each row.

    The rows of *test* come first.
    """
    names = sorted(moves, key=lambda name: (name != test, name))
    return [{"test": name, **pair.to_dict()} for name in names for pair in moves[name]]


def problems_document(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return problems as JSON. Allocations are numbered from 1."""
    return [
        {
            "severity": each.severity.value,
            "message": each.message,
            "test": each.test,
            "allocation": None if each.allocation is None else each.allocation + 1,
            "field": field_of(each),
            "column": each.column,
        }
        for each in problems
    ]


def error_answer(error: EditorError) -> JsonResponse:
    """Return the response for an error."""
    status = error.status if isinstance(error, RequestFailure) else status_of(error)
    problems = error.problems if isinstance(error, Refused) else ()
    body: dict[str, Any] = {
        "error": {
            "code": error.code,
            "message": str(error),
            "problems": problems_document(problems),
        }
    }
    if isinstance(error, Conflict):
        body |= _sides(error)
    response = answer(body, status)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if isinstance(error, MethodRefused):
        response["Allow"] = error.allowed
    return response


def _sides(error: Conflict) -> dict[str, Any]:
    """Return the three versions to merge: the base, the user's version, and the head."""
    revisions = Revision.objects.using(write_alias()).select_related("branch")
    ids = [each for each in (error.base, error.head) if each is not None]
    rows = revisions.filter(test=error.test, branch__name=error.branch, id__in=ids)
    found = {each.id: test_document(each) for each in rows}
    return {
        "base": found.get(error.base or ""),
        "yours": None if error.yours is None else _sent_document(error.yours, error.test),
        "head": found.get(error.head or ""),
    }


def _sent_document(text: str, test: str) -> Any:
    """Return the definition that the request was meant to publish, as JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return definition_document(parse(text, test))
