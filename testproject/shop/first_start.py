"""Create the data that the shop's editor needs at its first start: tables, tests and people."""

from __future__ import annotations

import json

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import call_command

from proctor.editor.access.permissions import command
from proctor.editor.applications.registering import register
from proctor.editor.branches import branch_names
from proctor.editor.models import Application, Revision
from proctor.editor.publishing.publishing import Signature
from proctor.editor.transfer.importing import import_source, read_source

__all__ = ["prepare"]

#: The specification of another program that uses the same tests. That program is not in this
#: repository.
NEWSLETTER = {
    "providedContext": {"country": "String"},
    "tests": {
        "buttoncolortst": {
            "buckets": {"control": 0, "blue": 1, "green": 2},
            "fallbackValue": 0,
            "payload": {"type": "stringValue"},
        },
        "headlinetst": {"payload": {"type": "stringValue"}},
    },
}

#: This user may do everything except approve their own changes. Each user's name is also their
#: password, because the shop sells nothing and listens only on this machine.
ADMIN = "admin"
#: Other people, and their permissions in the editor. Ada proposes, and Grace reviews.
PEOPLE = {
    "ada": ("view", "edit", "delete", "stop", "promote_production"),
    "grace": ("view", "approve", "stop"),
}


def prepare() -> None:
    """Create missing data in the database. May be called more than once."""
    call_command("migrate", verbosity=0)
    if not Revision.objects.exists():
        source = read_source(settings.SHOP_MATRIX)
        for branch in branch_names():
            import_source(source, branch, Signature("shop", "The matrix of the shop"))
    last = branch_names()[-1]
    if not Application.objects.exists():
        register(command("shop"), "newsletter", last, json.dumps(NEWSLETTER), version="7")
    users = get_user_model()._default_manager  # noqa: SLF001 - the documented way
    if users.exists():
        return
    users.create_superuser(ADMIN, password=ADMIN)
    for name, permissions in PEOPLE.items():
        person = users.create_user(name, password=name)
        found = Permission.objects.filter(content_type__app_label="proctor_editor")
        person.user_permissions.set(found.filter(codename__in=permissions))
