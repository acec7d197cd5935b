"""The reason for publishing a change that breaks applications, as recorded in the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from proctor.editor.written import legible

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["with_override"]


def with_override(message: str, reason: str, broken: Sequence[str]) -> str:
    """Return *message*, followed by the reason for publishing a change that breaks applications.

    If no application breaks, the message is returned unchanged.
    """
    if not legible(reason) or not broken:
        return message
    words = _("Published although it breaks %(applications)s: %(reason)s") % {
        "applications": ", ".join(broken),
        "reason": reason.strip(),
    }
    return f"{message.strip()}\n\n{words}".strip()
