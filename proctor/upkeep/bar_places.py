"""Find the setting or the template that adds the bar to a site's pages."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from django.template import engines

from proctor.conf import settings
from proctor.upkeep.template_literals import template_texts

__all__ = ["has_bar", "place_of_bar"]

#: Matches the tag in Django templates, and the function in Jinja2 templates.
_BAR = re.compile(r"\{%\s*proctor_bar\s*%\}|\bproctor_bar\(\)")


def place_of_bar() -> str:
    """Return the setting or the template that adds the bar; "" if none is found.

    Raises Django's exception if TEMPLATES is invalid.
    """
    if settings.PROCTOR_BAR is True:
        return "PROCTOR_BAR"
    return next((name for name, text in template_texts().named if _BAR.search(text)), "")


def has_bar() -> bool:
    """Return True if, judging by the setting and the templates, a page may have the bar.

    The result is also True for a site with a template loader that cannot list its templates. If
    DEBUG is off, the templates are read only once.
    """
    if settings.PROCTOR_BAR:
        return True
    backends = tuple(engines.all())
    return _in_templates.__wrapped__(backends) if settings.DEBUG else _in_templates(backends)


@lru_cache(maxsize=1)
def _in_templates(_backends: tuple[Any, ...]) -> bool:
    # A loader that cannot list its templates may have one that contains the bar.
    return bool(place_of_bar() or template_texts().unlisted)
