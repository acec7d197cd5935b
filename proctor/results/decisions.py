"""Decisions: how a test ended, who decided this, and why. The editor's history records them too."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.utils import timezone

from proctor.core.messages import error_text, printable
from proctor.results.models import Decision, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["decide", "decisions_of", "newest_decisions"]

logger = logging.getLogger("proctor.results")

_EDITOR = "proctor.editor"


def newest_decisions() -> Mapping[str, Decision]:
    """Return the newest decision of each test that has one."""
    return {each.test: each for each in Decision.objects.order_by("at", "id")}


def decisions_of(test: str) -> list[Decision]:
    """Return the decisions about a test, newest first."""
    return list(Decision.objects.filter(test=test).order_by("-at", "-id"))


def decide(user: Any, test: str, verdict: Verdict, group: str, reason: str) -> tuple[Decision, str]:
    """Store a decision, and write it to the editor's history if the editor is installed.

    Return the decision, and the reason why it could not be added to the editor's history. The
    reason is "" if the decision was added, if the editor does not have the test, or if the editor
    is not installed. The test itself does not change; people finish or stop the test in the editor.
    """
    decision = Decision.objects.create(
        test=test,
        verdict=verdict,
        group="" if verdict == Verdict.NEITHER else group,
        author=user.get_username(),
        reason=reason,
        at=timezone.now(),
    )
    problem = ""
    if apps.is_installed(_EDITOR):
        try:
            decision.revision = _write_history(user, decision)
            decision.save(update_fields=["revision"])
        except Exception as error:  # noqa: BLE001 - the decision is stored, and the page says so
            problem = error_text(error, 300).partition(": ")[2] or type(error).__name__
            logger.warning(
                "A decision on %s was not added to the editor's history: %s",
                printable(test),
                problem,
            )
    return decision, problem


def sentence(decision: Decision) -> str:
    """Return a decision as one line of text for a history."""
    who = f"“{decision.group}” {decision.verdict}" if decision.group else "no group won"
    return f"Decided: {who}. {decision.reason}"[:1000]


def _write_history(user: Any, decision: Decision) -> str:
    """Publish the unchanged test with the decision as the message; return the revision's id.

    Return "" if the editor does not have the test. Raises PermissionMissing and any other error
    that the editor raises.
    """
    from proctor.editor.access.permissions import person, writing  # noqa: PLC0415 - optional
    from proctor.editor.branches import first_branch  # noqa: PLC0415 - likewise
    from proctor.editor.models import Kind  # noqa: PLC0415 - likewise
    from proctor.editor.publishing.heads import definition_of, find_head  # noqa: PLC0415
    from proctor.editor.publishing.publishing import Change, Signature, publish  # noqa: PLC0415

    branch, test, actor = first_branch(), decision.test, person(user)
    head = find_head(test, branch)
    if head is None or head.definition is None:
        return ""
    actor.require(writing(branch), test=test, branch=branch)
    actor.require_approvals(branch, ())
    change = Change(branch, test, head.id, definition_of(head), Kind.EDIT)
    signature = Signature(actor.name, sentence(decision), user_id=actor.user_id)
    (revision,) = publish([change], signature)
    return str(revision.id)
