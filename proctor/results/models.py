"""The models: exposures, outcomes, splits, tallies and decisions.

Identifiers are stored as plain text, or as keyed digests if PROCTOR_RESULTS_IDENTIFIERS is
"digest". Rows have no foreign keys, because several processes write them in bulk and in any order.
The longest index takes up 1,280 bytes in MySQL's utf8mb4; the limit is 3,072.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from proctor.database.exact_text import ExactCharField

__all__ = [
    "NAME_LENGTH",
    "TYPE_LENGTH",
    "Decision",
    "Exposure",
    "ForcedVisitor",
    "LatestVerdict",
    "Outcome",
    "Split",
    "Tally",
    "Verdict",
]

#: Maximum length in characters of a visitor's identifier, an allocation id, a version, or the name
#: of a test, group or metric.
NAME_LENGTH = 255
#: Maximum length of the name of a test type, in characters.
TYPE_LENGTH = 64


class Exposure(models.Model):
    """The first time a visitor was shown a group under one split of a test."""

    #: A digest of the other columns, except `at` and `version`: see `recording.rows`.
    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField(_("time"))
    identifier_type = ExactCharField(_("identifier type"), max_length=TYPE_LENGTH)
    visitor = ExactCharField(_("visitor"), max_length=NAME_LENGTH)
    test = ExactCharField(_("test"), max_length=NAME_LENGTH)
    group = ExactCharField(_("group"), max_length=NAME_LENGTH)
    #: The id of the allocation; "" if it has none, or if a Pipet determined the group.
    allocation = ExactCharField(_("allocation"), max_length=NAME_LENGTH, blank=True)
    #: The version of the definition that applied at the time `at`.
    version = ExactCharField(_("version"), max_length=NAME_LENGTH, blank=True)
    #: The id of the `Split`.
    split = models.UUIDField()

    class Meta:
        verbose_name = _("exposure")
        verbose_name_plural = _("exposures")
        # Permissions for the whole app, not only for this model.
        default_permissions = ()
        permissions: ClassVar = [
            ("view_results", _("Can view the results of tests")),
            ("decide", _("Can decide tests")),
        ]
        indexes: ClassVar = [
            models.Index(fields=["test", "at"], name="proctor_exposure_test"),
            models.Index(fields=["identifier_type", "visitor"], name="proctor_exposure_visitor"),
            models.Index(fields=["at"], name="proctor_exposure_at"),
        ]

    def __str__(self) -> str:
        return f"{self.test} {self.group}"


class ForcedVisitor(models.Model):
    """A visitor who saw only forced groups of a test; used to count each such visitor once.

    A row does not identify anyone. The row is deleted once the visitor is shown a group that was
    not forced.
    """

    #: A keyed digest of identifier type, visitor and test, in hexadecimal.
    id = ExactCharField(primary_key=True, max_length=32)
    at = models.DateTimeField(_("time"))
    identifier_type = ExactCharField(_("identifier type"), max_length=TYPE_LENGTH)
    test = ExactCharField(_("test"), max_length=NAME_LENGTH)
    #: The first group that the visitor was shown.
    group = ExactCharField(_("group"), max_length=NAME_LENGTH)

    class Meta:
        verbose_name = _("forced visitor")
        verbose_name_plural = _("forced visitors")
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["test"], name="proctor_forced_test"),
            models.Index(fields=["at"], name="proctor_forced_at"),
        ]

    def __str__(self) -> str:
        return f"{self.test} {self.group}"


class Outcome(models.Model):
    """Something that a visitor did. There is one row for each known identifier of the visitor."""

    #: Random, or a digest of the caller's *id*. Because of this key, a row that is written twice is
    #: stored once.
    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField(_("time"))
    identifier_type = ExactCharField(_("identifier type"), max_length=TYPE_LENGTH)
    visitor = ExactCharField(_("visitor"), max_length=NAME_LENGTH)
    metric = ExactCharField(_("metric"), max_length=NAME_LENGTH)
    value = models.FloatField(_("value"), default=1.0)

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["metric", "at"], name="proctor_outcome_metric"),
            models.Index(fields=["identifier_type", "visitor"], name="proctor_outcome_visitor"),
            models.Index(fields=["at"], name="proctor_outcome_at"),
        ]

    def __str__(self) -> str:
        return self.metric


class Split(models.Model):
    """The parts of a definition that determined groups while exposures were recorded.

    Reports take the expected shares from here, even long after the matrix has changed.
    """

    #: A digest of the parts of the definition that determine groups.
    id = models.UUIDField(primary_key=True)
    test = ExactCharField(_("test"), max_length=NAME_LENGTH)
    #: The first version of the definition with this split.
    version = ExactCharField(_("version"), max_length=NAME_LENGTH, blank=True)
    #: The parts that determine groups, as ASCII JSON in the format of a matrix. "" if the source
    #: provided no definition, which is the case for a Pipet.
    definition = models.TextField(blank=True)
    #: The time when a process first recorded an exposure under this split.
    seen = models.DateTimeField(_("seen"))

    class Meta:
        verbose_name = _("split")
        verbose_name_plural = _("splits")
        default_permissions = ()
        indexes: ClassVar = [models.Index(fields=["test"], name="proctor_split_test")]

    def __str__(self) -> str:
        return f"{self.test} {self.version}"


class Tally(models.Model):
    """A daily count of events that are not stored individually."""

    FORCED = "forced"
    LOST = "lost"
    REFUSED = "refused"

    day = models.DateField(_("day"))
    kind = models.CharField(
        _("kind"),
        max_length=16,
        choices=[
            (FORCED, _("forced exposures")),
            (LOST, _("rows lost")),
            (REFUSED, _("rows refused")),
        ],
    )
    #: The name of the test if the row counts forced exposures, otherwise "".
    test = ExactCharField(_("test"), max_length=NAME_LENGTH, blank=True)
    number = models.PositiveBigIntegerField(_("number"), default=0)

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "kind", "test"], name="proctor_tally_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind}"


class LatestVerdict(models.Model):
    """The verdict from a test's newest report, as shown in the list of tests."""

    test = ExactCharField(_("test"), primary_key=True, max_length=NAME_LENGTH)
    #: `Verdict.kind` of `proctor.analysis`.
    kind = models.CharField(_("verdict"), max_length=16)
    #: The group that the verdict is about, or "".
    group = ExactCharField(_("group"), max_length=NAME_LENGTH, blank=True)
    #: True if the report has warnings.
    warned = models.BooleanField(_("warned"), default=False)
    #: The time at which the report was computed.
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("latest verdict")
        verbose_name_plural = _("latest verdicts")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.test} {self.kind}"


class Verdict(models.TextChoices):
    """The result of a test."""

    WON = "won", _("won")
    LOST = "lost", _("lost")
    NEITHER = "neither", _("neither")


class Decision(models.Model):
    """A decision about a test. The newest one counts; older ones are kept."""

    test = ExactCharField(_("test"), max_length=NAME_LENGTH)
    verdict = models.CharField(_("decision"), max_length=16, choices=Verdict.choices)
    #: The group that won or lost; "" if no group won or lost.
    group = ExactCharField(_("group"), max_length=NAME_LENGTH, blank=True)
    #: The name of the user. It is not a foreign key, because the user may be deleted later.
    author = models.CharField(_("author"), max_length=NAME_LENGTH)
    reason = models.TextField(_("reason"))
    at = models.DateTimeField(_("time"))
    #: The editor's revision that records the decision, or "" if there is none.
    revision = models.CharField(max_length=NAME_LENGTH, blank=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        default_permissions = ()
        indexes: ClassVar = [models.Index(fields=["test", "at"], name="proctor_decision_test")]

    def __str__(self) -> str:
        return f"{self.test}: {self.verdict}"
