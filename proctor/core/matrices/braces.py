"""Suggest a correction for a rule that is not entirely between `${` and `}`."""

from __future__ import annotations

import re

from proctor.core.exceptions import RuleSyntaxError
from proctor.core.rules import nodes
from proctor.core.rules.parser import parse
from proctor.core.rules.rule import RuleKind, classify
from proctor.core.sentences import Sentence, gettext_noop

__all__ = ["without_braces"]

#: Matches a quoted string, or a brace and the prefix that belongs to it, such as `$`.
_BRACE = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|\\?[$#]?[ ]?\{|\}""")


def without_braces(text: str) -> Sentence:
    """Return the message for a rule that is partly or entirely outside `${` and `}`."""
    template = gettext_noop("the rule {rule!r} is never true: write it between ${{ and }}")
    if "${" in text:
        template = gettext_noop(
            "the rule {rule!r} is never true: write all of it between ${{ and }}"
        )
    advice = Sentence(template, rule=text)
    better = _rewritten(text)
    if better is None:
        return advice
    return Sentence(gettext_noop("{advice}, as in {better!r}"), advice=advice, better=better)


def _rewritten(text: str) -> str | None:
    """Return the rule with one pair of braces around it; None if the result is not a valid rule."""
    inner = _BRACE.sub(lambda found: found[1] or _gap(text, *found.span()), text)
    better = "${" + inner.strip() + "}"
    try:
        node = parse(better)
    except RuleSyntaxError:
        return None
    is_empty = classify(better) is RuleKind.EMPTY
    return None if is_empty or isinstance(node, nodes.Composite) else better


def _gap(text: str, start: int, end: int) -> str:
    """Return the replacement for a brace: nothing, or a space if the brace separates two words."""
    return " " if text[start - 1 : start].isalnum() and text[end : end + 1].isalnum() else ""
