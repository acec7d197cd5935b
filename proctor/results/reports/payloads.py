"""The payloads of earlier versions, from the editor's history if the editor is installed.

The table of splits contains only the parts that determine groups. If the payloads are known too, a
report says when a payload changed: from then on, visitors in the same group saw something
different.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Q

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["payloads_of"]

_EDITOR = "proctor.editor"


def payloads_of(test: str, versions: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """Return, for each version, the payloads by group name.

    Return {} unless the history has every version, because a version without payloads would look
    like a changed payload.
    """
    if not apps.is_installed(_EDITOR):
        return {}
    found: dict[str, Mapping[str, Any]] = {
        str(definition.get("version")): _payloads(definition)
        for definition in _definitions(test, versions)
    }
    return found if found.keys() >= set(versions) else {}


def _definitions(test: str, versions: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the definitions that have these versions, and all imported definitions."""
    from proctor.editor.models import Kind, Revision  # noqa: PLC0415 - an optional app

    # The version of a definition is the id of its revision, unless the definition was imported.
    wanted = Q(id__in=versions) | Q(kind=Kind.IMPORT)
    rows = Revision.objects.filter(wanted, test=test, definition__isnull=False)
    for text in rows.order_by("time").values_list("definition", flat=True):
        yield json.loads(text or "{}")


def _payloads(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        bucket.get("name", ""): bucket["payload"]
        for bucket in definition.get("buckets") or ()
        if bucket.get("payload") is not None
    }
