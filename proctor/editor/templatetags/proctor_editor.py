"""The filter that translates the core's sentences in templates."""

from __future__ import annotations

from django import template

from proctor.editor.pages.translating import translated as in_active_language

register = template.Library()


@register.filter
def translated(text: str) -> str:
    """Return a sentence of the core in the active language."""
    return in_active_language(text)
