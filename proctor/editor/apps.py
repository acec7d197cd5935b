"""The Django app of the editor."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

__all__ = ["EditorConfig"]


class EditorConfig(AppConfig):
    """An editor to view, create, change, stop and finish tests, with history and rollback."""

    name = "proctor.editor"
    label = "proctor_editor"
    verbose_name = _("Proctor editor")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Create branch permissions after `migrate`, and register the checks."""
        from proctor.editor.access.branch_permissions import make_permissions  # noqa: PLC0415
        from proctor.editor.checks import register_checks  # noqa: PLC0415 - likewise
        from proctor.editor.publishing.after_commit import note_publication  # noqa: PLC0415

        post_migrate.connect(make_permissions, sender=self, dispatch_uid="proctor_editor")
        # Django sends this signal not only after `migrate`, but also when a test case flushes the
        # database.
        post_migrate.connect(note_publication, sender=self, dispatch_uid="proctor_editor_epoch")
        register_checks()
