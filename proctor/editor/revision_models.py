"""Branches, their revisions and heads, and holds on stopped tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _

from proctor.database.exact_text import ExactCharField, ExactTextField
from proctor.editor.revision_ids import new_revision_id

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NAME_LENGTH", "Branch", "Head", "Hold", "Kind", "Revision"]

#: Maximum length of the name of a test, a branch or an application, in characters. Two names of
#: this length fit into one index in every database that Django supports.
NAME_LENGTH = 255
REVISION_ID_LENGTH = 16


class Kind(models.TextChoices):
    """The kind of change that made a revision."""

    CREATE = "create", _("create")
    EDIT = "edit", _("edit")
    PROMOTE = "promote", _("promote")
    REVERT = "revert", _("revert")
    ROLL_BACK = "roll back", _("roll back")
    RAMP = "ramp", _("ramp")
    STOP = "stop", _("stop")
    FINISH = "finish", _("finish")
    DELETE = "delete", _("delete")
    IMPORT = "import", _("import")


class Branch(models.Model):
    """A stage in the editor, such as trunk, qa or production. Its version counts publications."""

    name = ExactCharField(_("name"), max_length=NAME_LENGTH, unique=True)
    #: Number of publications on this branch. It never decreases.
    version = models.PositiveBigIntegerField(_("version"), default=0)
    #: The smallest id among the revisions of the newest publication. If this id has changed but the
    #: version has not, the branch was restored from a backup and then changed in a different way.
    latest = ExactCharField(max_length=REVISION_ID_LENGTH, blank=True)
    #: The database time of the next scheduled step, or None if nothing is scheduled.
    next_due = models.DateTimeField(_("next due"), null=True, blank=True)

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")

    def __str__(self) -> str:
        return self.name


class AppendOnlyQuerySet(models.QuerySet["Revision"]):
    """A queryset of revisions, which can be added but not changed or deleted."""

    def update(self, **_values: Any) -> NoReturn:
        """Raise TypeError: a revision never changes."""
        raise TypeError("A revision cannot be changed: publish a new one")

    def delete(self) -> NoReturn:
        """Raise TypeError: a revision is never deleted."""
        raise TypeError("A revision cannot be deleted: publish a deletion of the test instead")

    def bulk_update(self, objs: Iterable[Revision], *_args: Any, **_options: Any) -> NoReturn:
        """Raise TypeError: a revision never changes."""
        raise TypeError("A revision cannot be changed: publish a new one")


class Revision(models.Model):
    """A saved state of a test on a branch. Append-only."""

    #: A short string that can be read aloud.
    id = models.CharField(primary_key=True, max_length=REVISION_ID_LENGTH, default=new_revision_id)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="revisions")
    test = ExactCharField(_("test"), max_length=NAME_LENGTH)
    #: The definition as ASCII JSON, either as imported or in the layout of Java Proctor's store;
    #: None for a deletion.
    definition = models.TextField(_("definition"), null=True)
    #: The imported file, if writing the definition would not reproduce its bytes.
    original = models.BinaryField(null=True)
    #: The allocation ids that must not be used again: those in this definition, and older ones that
    #: were known when it was imported. A JSON list.
    allocation_ids = ExactTextField(default="[]")
    #: The branch's version after the publication of this revision.
    version = models.PositiveBigIntegerField(_("version"))
    made_from = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="successors", verbose_name=_("made from")
    )
    promoted_from = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="promotions",
        verbose_name=_("promoted from"),
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    #: A name and not a foreign key, because the user may be deleted later.
    author = models.CharField(_("author"), max_length=NAME_LENGTH)
    #: The user for whom a scheduler acted, or "" if the author acted for themselves.
    on_behalf_of = models.CharField(_("on behalf of"), max_length=NAME_LENGTH, blank=True)
    #: Names of the people who approved the revision, one per line.
    approvers = models.TextField(_("approvers"), blank=True)
    message = models.TextField(_("message"), blank=True)
    time = models.DateTimeField(_("time"))
    #: The time when a scheduled step was due; None for all other revisions.
    due = models.DateTimeField(_("due"), null=True)

    objects: ClassVar[Any] = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["branch", "test", "version"], name="proctor_revision_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["branch", "version"], name="proctor_revision_version"),
            models.Index(fields=["test"], name="proctor_revision_test"),
        ]

    def __str__(self) -> str:
        return f"{self.test} {self.id}"

    def save(self, *args: Any, **options: Any) -> None:
        """Insert the revision. Raises TypeError if it is already saved."""
        if not self._state.adding:
            raise TypeError("A revision cannot be changed: publish a new one")
        options["force_insert"] = True
        super().save(*args, **options)

    def delete(self, *_args: Any, **_options: Any) -> NoReturn:
        """Raise TypeError: a revision is never deleted."""
        raise TypeError("A revision cannot be deleted: publish a deletion of the test instead")

    @property
    def is_deletion(self) -> bool:
        """True if this revision deletes the test."""
        return self.definition is None

    @property
    def approver_names(self) -> list[str]:
        """The names of the people who approved the revision."""
        return self.approvers.splitlines()


class Head(models.Model):
    """The newest revision of a test on a branch."""

    branch = models.ForeignKey(Branch, models.CASCADE, related_name="heads")
    test = ExactCharField(_("test"), max_length=NAME_LENGTH)
    revision = models.ForeignKey(Revision, models.PROTECT, related_name="+")
    #: True if the revision deletes the test.
    is_deletion = models.BooleanField(default=False)
    #: The test that this test depends on; "" if there is none or if this test is deleted.
    depends_on = ExactCharField(max_length=NAME_LENGTH, blank=True)

    class Meta:
        verbose_name = _("head")
        verbose_name_plural = _("tests in the editor")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["branch", "test"], name="proctor_head_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["branch", "depends_on"], name="proctor_head_parent"),
        ]
        # The app's fixed permissions. `migrate` also adds a permission, such as `promote_qa`, for
        # each branch after the first.
        default_permissions = ()
        permissions: ClassVar = [
            ("view", _("Can view tests in the editor")),
            ("edit", _("Can edit tests on the first branch")),
            ("approve", _("Can approve proposals")),
            ("stop", _("Can stop tests and lift holds")),
            ("delete", _("Can delete tests")),
            ("override", _("Can promote what an application does not support")),
            ("register", _("Can register applications")),
        ]

    def __str__(self) -> str:
        return f"{self.test} on {self.branch}"


class Hold(models.Model):
    """A hold on a stopped test. While it lasts, only another stop of the test can be published."""

    branch = models.ForeignKey(Branch, models.CASCADE, related_name="holds")
    test = ExactCharField(_("test"), max_length=NAME_LENGTH)
    #: The head of the test while it is held; None once the hold is released. The unique constraint
    #: of this field ensures that a head has at most one unreleased hold. (MySQL does not support
    #: conditional unique constraints, which would do the same.)
    head = models.OneToOneField(Head, models.CASCADE, null=True, related_name="hold")
    #: The revision that stopped the test.
    revision = models.ForeignKey(Revision, models.PROTECT, related_name="+")
    reason = models.TextField(_("reason"))
    author = models.CharField(_("author"), max_length=NAME_LENGTH)
    time = models.DateTimeField(_("time"))
    #: None while the test is held. Released holds are kept, as part of the history.
    released = models.DateTimeField(_("released"), null=True)
    released_by = models.CharField(_("released by"), max_length=NAME_LENGTH, blank=True)
    release_message = models.TextField(blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.test} on {self.branch}"
