r"""The models of the editor: revisions, branches and their heads, holds, proposals, tokens.

Definitions are stored as ASCII JSON text, never in a JSONField, because an export must return the
imported text byte for byte. PostgreSQL's jsonb would reorder keys, rewrite numbers and reject
`\u0000`.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from proctor.database.exact_text import ExactCharField
from proctor.editor.proposal_models import Approval, Comment, Proposal, ScheduledStep
from proctor.editor.revision_models import NAME_LENGTH, Branch, Head, Hold, Kind, Revision

__all__ = [
    "Application",
    "Approval",
    "Branch",
    "Comment",
    "Head",
    "Hold",
    "Kind",
    "Proposal",
    "Revision",
    "ScheduledStep",
    "Token",
]


class Application(models.Model):
    """An application's requirements in one environment: its Proctor specification."""

    name = ExactCharField(_("name"), max_length=NAME_LENGTH)
    #: The branch that the application reads.
    environment = ExactCharField(_("environment"), max_length=NAME_LENGTH)
    #: Proctor's specification, as ASCII JSON.
    specification = models.TextField()
    #: SHA-256 of the specification, so that a process parses the same text only once.
    digest = models.CharField(max_length=64)
    #: True if the application loads the whole matrix, as Django sites do, and not only the tests in
    #: its specification.
    whole_matrix = models.BooleanField(default=False)
    version = models.CharField(_("version"), max_length=NAME_LENGTH, blank=True)
    last_seen = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["name", "environment"], name="proctor_application_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} in {self.environment}"


class Token(models.Model):
    """A bearer token for a machine. The token acts as its user, within its scopes and branches."""

    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    #: SHA-256 of the secret. A secret has 256 random bits, so no salt is needed.
    digest = models.CharField(max_length=64, unique=True)
    #: The first characters of the secret, which help users to tell tokens apart.
    hint = models.CharField(max_length=16)
    #: Values of `tokens.Scope`, separated by spaces.
    scopes = models.CharField(_("scopes"), max_length=NAME_LENGTH)
    #: Names of branches, one per line, or "" for all branches.
    branches = models.TextField(_("branches"), blank=True)
    created = models.DateTimeField(_("created"))
    expires = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
