"""A filter for templates that translates the core's messages."""

from __future__ import annotations

from django import template

from proctor.editor.pages.translating import translated as in_active_language

register = template.Library()


@register.filter
def translated(text: str) -> str:
    """Translate a message of the core into the active language."""
    return in_active_language(text)
