r"""java.util.regex on Python's `re`: what `proctor:matches` and String's methods need.

A pattern is parsed as the Java parses it, checked, and written anew for `re`. The
differences that remain: back-references, possessive quantifiers, atomic groups, `\\G`,
`\\X`, `\\N`, the Unicode properties and flags, and look-behinds of varying width are
refused; so is what some subject could make slow (see `cost`). Subjects are capped.
`\\b` asks Python which characters beyond ASCII are letters or digits: it takes numerals
such as ½ for one, and combining marks for none.
"""

from __future__ import annotations

import functools
import re

from proctor.core.exceptions import RuleEvaluationError
from proctor.core.rules.regex.charset import EVERYTHING
from proctor.core.rules.regex.cost import MAX_STEPS, alphabet, competitors, steps
from proctor.core.rules.regex.emitter import emit, emit_set
from proctor.core.rules.regex.errors import UnsupportedPattern, unsupported
from proctor.core.rules.regex.nodes import Node
from proctor.core.rules.regex.parser import parse

__all__ = [
    "MAX_PATTERN",
    "MAX_SUBJECT",
    "UnsupportedPattern",
    "check_subject",
    "compile_regex",
    "full_match",
    "translate",
]

#: Longer subjects are refused: the bound on a pattern's steps holds for these.
MAX_SUBJECT = 1024
#: Longer patterns are refused before they are read.
MAX_PATTERN = 500
