"""Django system checks for the editor's requirements and for contradictory settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core import checks
from django.db import connections
from django.utils.module_loading import import_string

from proctor.checks import TAG
from proctor.checks.values import is_sound
from proctor.conf import settings
from proctor.editor.branches import approvals_needed, branch_names, first_branch
from proctor.editor.proposals.mails import can_send
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.schedules.guards import guard_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_editor", "register_checks"]

_NEEDED = ("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions")


def register_checks() -> None:
    """Register the checks with Django. Can be called more than once."""
    checks.register(check_editor, TAG)


def check_editor(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Return errors for missing requirements and contradictory settings."""
    # A test may remove the app from INSTALLED_APPS, but the check stays registered.
    if not apps.is_installed("proctor.editor"):
        return []
    return [*_apps(), *_approvals(), *_mail(), *_guards(), *_writing()]


def _apps() -> Iterator[checks.CheckMessage]:
    missing = [name for name in _NEEDED if not apps.is_installed(name)]
    if missing:
        yield checks.Error(
            f"proctor.editor needs {', '.join(missing)} in INSTALLED_APPS.",
            hint="Add the missing apps. The apps messages, admin and staticfiles are optional.",
            id="proctor.E030",
        )


def _approvals() -> Iterator[checks.CheckMessage]:
    if not is_sound("PROCTOR_EDITOR_BRANCHES", "PROCTOR_EDITOR_APPROVALS"):
        return
    if len(branch_names()) > 1 and approvals_needed(first_branch()):
        yield checks.Warning(
            f"PROCTOR_EDITOR_APPROVALS requires approvals on {first_branch()!r}, the branch "
            "on which tests are edited, so every edit must wait for approval.",
            hint="Require approvals on a later branch instead, one that serves visitors.",
            id="proctor.W030",
        )


def _guards() -> Iterator[checks.CheckMessage]:
    if not is_sound("PROCTOR_EDITOR_GUARDS"):
        return
    for path in guard_paths():
        try:
            guard = import_string(path)
        except Exception as error:  # noqa: BLE001 - the import runs code of the site
            problem = f"cannot be imported: {type(error).__name__}: {error}"
        else:
            if callable(guard):
                continue
            problem = f"is {type(guard).__name__}, expected a function"
        yield checks.Error(
            f"PROCTOR_EDITOR_GUARDS: {path} {problem}.",
            hint="Correct the dotted path. Until then, a step that names this guard is held.",
            id="proctor.E034",
        )


def _writing() -> Iterator[checks.CheckMessage]:
    """Yield a message if the settings suggest that this process cannot publish scheduled steps."""
    alias = write_alias()
    if alias not in connections:
        yield checks.Error(
            f"A database router sends the editor's writes to {alias!r}, which is not in DATABASES.",
            hint="Correct the router's db_for_write, or add the database.",
            id="proctor.E035",
        )
        return
    if _is_read_only(connections[alias].settings_dict):
        yield checks.Warning(
            f"The database {alias!r} is opened read-only, so this process cannot publish scheduled "
            "steps.",
            hint="Let another process publish the steps, or run manage.py proctor_publish_due "
            "with settings that allow writing; then silence this check.",
            id="proctor.W034",
        )


def _is_read_only(database: dict[str, Any]) -> bool:
    """Return whether a database's options make it read-only."""
    options = database.get("OPTIONS") or {}
    texts = [str(database.get("NAME", "")), *(str(each) for each in options.values())]
    words = ("mode=ro", "default_transaction_read_only=on", "default_transaction_read_only=true")
    return any(word in text.replace(" ", "").lower() for text in texts for word in words)


def _mail() -> Iterator[checks.CheckMessage]:
    if not is_sound("PROCTOR_EDITOR_EMAIL"):
        return
    if isinstance(settings.PROCTOR_EDITOR_EMAIL, str) and not can_send():
        yield checks.Warning(
            "PROCTOR_EDITOR_EMAIL is set, but the settings do not configure how mail is sent, so "
            "no one is notified of proposals.",
            hint="Set EMAIL_HOST, EMAIL_BACKEND or MAILERS, or PROCTOR_EDITOR_EMAIL = False.",
            id="proctor.W031",
        )
