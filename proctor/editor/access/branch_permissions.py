"""Permissions to publish on each branch of PROCTOR_EDITOR_BRANCHES except the first."""

from __future__ import annotations

from typing import Any

from django.apps import apps as installed
from django.db import router

from proctor.editor.access.permissions import promote
from proctor.editor.branches import branch_names

__all__ = ["make_permissions"]


def make_permissions(using: str, apps: Any = installed, **_kwargs: Any) -> None:
    """Create missing permissions, such as `promote_qa`, after `migrate`."""
    try:
        permissions = apps.get_model("auth", "Permission")
        content_types = apps.get_model("contenttypes", "ContentType")
        apps.get_model("proctor_editor", "Head")
    except LookupError:
        return  # the database was migrated back to a state without these models
    if not router.allow_migrate_model(using, permissions):
        return
    content_type, _ = content_types.objects.using(using).get_or_create(
        app_label="proctor_editor", model="head"
    )
    for branch in branch_names()[1:]:
        permissions.objects.using(using).get_or_create(
            content_type=content_type,
            codename=promote(branch),
            defaults={"name": f"Can publish on {branch}"},
        )
