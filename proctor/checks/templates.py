"""Check that templates have `proc`, and that they do not cache text that depends on a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import checks
from django.template import engines
from django.template.backends.django import DjangoTemplates

from proctor.checks.declarations import declared_tests
from proctor.checks.middleware import installed_middleware
from proctor.upkeep.cached_fragments import ALL, BAR, find_cached_fragments
from proctor.upkeep.proc_mistakes import find_group_comparisons, find_misspelled_tests

if TYPE_CHECKING:
    from proctor.upkeep.cached_fragments import CachedFragment

__all__ = [
    "check_cached_fragments",
    "check_context_processors",
    "check_group_comparisons",
    "check_misspelled_tests",
]

_OURS = "proctor.context_processors.proc"


def check_context_processors(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Check that at least one Django template engine adds `proc` to its templates.

    Otherwise, `{{ proc.x }}` is silently empty. The template tags find the request themselves, so a
    site that uses only the tags may silence this check.
    """
    if not declared_tests() or not installed_middleware():
        return []
    try:
        found = [each.engine for each in engines.all() if isinstance(each, DjangoTemplates)]
    except Exception:  # noqa: BLE001 - Django's own checks report invalid TEMPLATES
        return []
    if not found or any(_OURS in engine.context_processors for engine in found):
        return []
    return [
        checks.Warning(
            "No engine in TEMPLATES has proctor's context processor: {{ proc }} is empty in every "
            "template.",
            hint=f"Add {_OURS!r} to OPTIONS['context_processors']; or silence this check if "
            "templates use only the tags.",
            id="proctor.W012",
        )
    ]


def check_cached_fragments(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report each `{% cache %}` block that contains the bar, or a group missing from its key."""
    tests = declared_tests()
    if not tests:
        return []
    try:
        found = find_cached_fragments(tests)
    except Exception:  # noqa: BLE001 - as above
        return []
    return [message for each in found for message in _about(each)]


def _about(fragment: CachedFragment) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    tests = [test for test in fragment.tests if test != BAR]
    if len(tests) < len(fragment.tests):
        found.append(
            checks.Error(
                f"{fragment.place}: the block {{% cache %}} {fragment.name!r} contains {BAR}: "
                "other visitors would see the first visitor's bar, with that visitor's CSRF token.",
                hint=f"Put {BAR} after the block, at the end of the page.",
                id="proctor.E018",
            )
        )
    if tests:
        found.append(
            checks.Warning(
                f"{fragment.place}: the block {{% cache %}} {fragment.name!r} depends on "
                f"{' and '.join(tests)}, but its key does not: all visitors see the first "
                "visitor's group, and on a cache hit the page is not marked as private.",
                hint=_key_hint(tests[0], fragment.name),
                id="proctor.W019",
            )
        )
    return found


def check_group_comparisons(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report each `{% if proc.x == "blue" %}`, because an assignment never equals a string."""
    tests = declared_tests()
    if not tests:
        return []
    try:
        found = list(find_group_comparisons(tests))
    except Exception:  # noqa: BLE001 - as above
        return []
    return [
        checks.Warning(
            f"{each.place}: {each.text} compares an assignment with a string; the two are "
            "never equal.",
            hint=f"Compare the group, proc.{each.test}.group, or use "
            f"{{% ifgroup {each.test} ... %}}.",
            id="proctor.W026",
        )
        for each in found
    ]


def check_misspelled_tests(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report `{{ proc.buttoncolrtst.group }}`, because Django shows nothing for a missing name."""
    tests = declared_tests()
    if not tests:
        return []
    try:
        found = list(find_misspelled_tests(tests))
    except Exception:  # noqa: BLE001 - as above
        return []
    return [
        checks.Warning(
            f"{each.place}: proc.{each.test} is always empty, because PROCTOR_TESTS does not "
            f"declare {each.test!r}.",
            hint=f"Did you mean proc.{each.declared}?",
            id="proctor.W035",
        )
        for each in found
    ]


def _key_hint(test: str, fragment: str) -> str:
    if test == ALL:
        return f"Add the groups to the key: {{% cache ... {fragment} {ALL} %}}."
    return (
        f"Read the group before the block, and add it to the key: {{% proctor_group {test} as "
        f"group %}}{{% cache ... {fragment} group %}}."
    )
