"""`{% load proctor_pages %}`: template filters for this package's own pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django import template
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["ago"]

register = template.Library()

_MINUTE = timedelta(minutes=1)


@register.filter
def ago(time: datetime) -> str:
    """Return how long ago a time was, in words: "just now" during the first minute."""
    now = timezone.now()
    if now - time < _MINUTE:
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(time, now)}
