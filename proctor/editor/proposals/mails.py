"""Email the people who may approve a proposal, if Django is configured to send mail."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.core.mail import send_mass_mail
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from proctor.conf import settings
from proctor.core.messages import error_place, printable
from proctor.editor.proposals.approvals import possible_approvers
from proctor.resolving.site_setup import current_setup

if TYPE_CHECKING:
    from proctor.editor.models import Proposal

__all__ = ["can_send", "mail"]

logger = logging.getLogger("proctor.editor")

#: Settings that configure how mail is sent. Without them, Django would try a mail server on
#: localhost.
_CONFIGURING = ("EMAIL_BACKEND", "EMAIL_HOST", "MAILERS")


def can_send() -> bool:
    """Return whether the settings configure how mail is sent."""
    return any(settings.is_overridden(name) for name in _CONFIGURING)


def mail(proposal: Proposal, actor: str) -> None:
    """Send an email to everyone who may approve. A failure is logged once and never raised."""
    if not settings.PROCTOR_EDITOR_EMAIL or not can_send():
        return
    try:
        _send(proposal, actor)
    except Exception as error:  # noqa: BLE001 - the proposal stands, whatever mail does
        current_setup().log.log(
            logger, logging.ERROR, "Mail about proposals cannot be sent: %s", error_place(error)
        )


def _send(proposal: Proposal, actor: str) -> None:
    values = {
        "who": printable(actor),
        "kind": proposal.get_kind_display(),
        "test": printable(proposal.test),
        "branch": proposal.branch.name,
        "number": proposal.pk,
    }
    subject = _("%(who)s asks for approval: %(kind)s of %(test)s on %(branch)s") % values
    parts = [
        _("Proposal %(number)s, %(kind)s of %(test)s on %(branch)s, is waiting for approval.")
        % values,
        proposal.message,
        _address(proposal),
    ]
    text = "\n\n".join(part for part in parts if part)
    users = possible_approvers(proposal.test, proposal.branch.name, proposal)
    addresses = [getattr(user, user.get_email_field_name(), "") for user in users]
    # Send a separate message to each person, so that no one sees the others' addresses.
    messages = [(subject, text, None, [each]) for each in dict.fromkeys(addresses) if each]
    if messages:
        send_mass_mail(messages)


def _address(proposal: Proposal) -> str:
    """Return the URL of the proposal's page, or "" if the URL is unknown."""
    root = settings.PROCTOR_EDITOR_EMAIL
    if not isinstance(root, str):
        return ""
    try:
        return root.rstrip("/") + reverse("proctor_editor:proposal", args=(proposal.pk,))
    except NoReverseMatch:
        return ""
