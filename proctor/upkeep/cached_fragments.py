"""Find template fragments that are cached although they depend on a group.

Django's `{% cache %}` stores what the first visitor saw. On a cache hit no group is read, so the
page is not marked as private either. The group must be part of the fragment's key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from django.template.base import Lexer, Token, TokenType

from proctor.upkeep.template_literals import named_texts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["ALL", "BAR", "CachedFragment", "find_cached_fragments"]

#: In a fragment, represents a read of any test; in a key, represents all groups.
ALL = "proc.get_group_string_list"
#: Represents the bar. No key makes it correct to cache the bar.
BAR = "{% proctor_bar %}"

_PROC = re.compile(r"(?<![\w.\"'])(?:request\.)?proc(?:\.(\w+))?")
_VARIABLE = re.compile(r"[^\W\d]\w*")
_ASSIGNING = ("proctor_group", "proctor_payload")
_OUR_TAGS = ("ifgroup", "elifgroup", "proctor_json", *_ASSIGNING)

#: Maps a variable to the tests whose groups it depends on.
Targets = dict[str, set[str]]


class CachedFragment(NamedTuple):
    """A cached fragment with groups missing from its key."""

    #: Template and line.
    place: str
    name: str
    #: The tests that the fragment reads, in alphabetical order.
    tests: tuple[str, ...]


@dataclass(eq=False)
class _Fragment:
    """An open `{% cache %}` block."""

    place: str
    name: str
    #: The tests whose groups are in the key.
    covered: set[str]
    #: True if the block was read as a part of a template that includes it, not on its own.
    is_included: bool
    missing: set[str] = field(default_factory=set)


class _Place(NamedTuple):
    """The fragments that enclose a position in a template, and the variables defined there."""

    fragments: tuple[_Fragment, ...]
    targets: Targets


def find_cached_fragments(tests: Collection[str]) -> list[CachedFragment]:
    """Return the cached fragments that read *tests* but do not have the groups in their keys.

    `{% include %}` and `{% extends %}` are followed if the template's name is in quotes. Raises
    Django's exception if TEMPLATES is invalid.
    """
    found: list[CachedFragment] = []
    for texts in named_texts():
        scan = _Scan(texts, tests)
        for name, text in texts.items():
            if any(word in text for word in ("cache", "extends", "include")):
                scan.template(name)
        found += scan.found()
    return found


class _Scan:
    """The templates of one engine, read from top to bottom."""

    def __init__(self, texts: Mapping[str, str], tests: Collection[str]) -> None:
        self._texts = texts
        self._tests = tests
        self.fragments: list[_Fragment] = []
        #: Maps each template to the blocks in it and its parents, and each block to its `_Place`.
        self._blocks: dict[str, dict[str, _Place]] = {}

    def template(self, name: str) -> dict[str, _Place]:
        """Read a template unless it was read before, and return its blocks."""
        if name not in self._blocks:
            self._blocks[name] = {}
            _Reading(self, name, _Place((), {}), (name,)).read()
        return self._blocks[name]

    def found(self) -> list[CachedFragment]:
        """Return the fragments with groups missing from their keys, without duplicates."""
        by_place: dict[tuple[str, str], list[_Fragment]] = {}
        for each in self.fragments:
            by_place.setdefault((each.place, each.name), []).append(each)
        found = []
        for key, fragments in by_place.items():
            # Prefer fragments that were read through an include: on its own, a template does not
            # have the variables of the template that includes it.
            met = [each for each in fragments if each.is_included] or fragments
            missing: set[str] = set().union(*(each.missing for each in met))
            if missing:
                found.append(CachedFragment(*key, tuple(sorted(missing))))
        return found

    def text(self, name: str) -> str:
        """Return the text of a template, or "" if there is no template with this name."""
        return self._texts.get(name, "")

    def is_test(self, name: str) -> bool:
        """Return True if *name* is one of the tests to look for."""
        return name in self._tests


class _Reading:
    """Reads one template, either on its own or as part of a template that includes it."""

    def __init__(self, scan: _Scan, name: str, place: _Place, chain: tuple[str, ...]) -> None:
        self._scan = scan
        self._name = name
        self._chain = chain
        self._open = list(place.fragments)
        self._targets: Targets = {key: set(tests) for key, tests in place.targets.items()}
        self._blocks: dict[str, _Place] = {}
        #: For each open `{% block %}`, the number of fragments in parent templates that enclose it.
        self._inherited: list[int] = []

    def read(self) -> None:
        """Read the tags in order."""
        in_comment = False
        for token in Lexer(self._scan.text(self._name)).tokenize():
            command = token.contents.split(None, 1)[0] if token.contents.strip() else ""
            is_tag = token.token_type is TokenType.BLOCK
            if in_comment or (is_tag and command == "comment"):
                in_comment = not (is_tag and command == "endcomment")
            elif is_tag:
                self._tag(command, token)
            elif token.token_type is TokenType.VAR:
                self._note(self._in_expression(token.contents))

    def _tag(self, command: str, token: Token) -> None:
        words = token.split_contents()[1:]
        self._note(self._read_by(command, words) | self._in_expression(token.contents))
        if command == "proctor_bar":
            for fragment in self._open:
                fragment.missing.add(BAR)
        if command == "cache" and len(words) >= 2:
            self._begin(token, words)
        elif command == "endcache" and self._open:
            self._open.pop()
        elif command == "block" and words:
            self._enter(words[0])
        elif command == "endblock" and self._inherited:
            del self._open[: self._inherited.pop()]
        elif command in _ASSIGNING and len(words) >= 3 and words[-2] == "as":
            self._targets[words[-1]] = self._read_by(command, words)
        elif command == "with":
            self._assign(words)
        elif command in ("include", "extends") and words:
            self._follow(command, words[0])

    def _read_by(self, command: str, words: list[str]) -> set[str]:
        """Return the tests that a proctor tag names."""
        if command not in _OUR_TAGS or not words:
            return set()
        named = words if command == "proctor_json" else words[:1]
        tests = {each for each in (word.strip("\"'") for word in named) if self._scan.is_test(each)}
        computed = {word for word in words if word.startswith("test=")}
        return tests | {word.removeprefix("test=").strip("\"'") for word in computed}

    def _in_expression(self, text: str) -> set[str]:
        """Return the tests that an expression reads through `proc`."""
        found = set()
        for match in _PROC.finditer(text):
            name = match[1]
            if name == "get_group_string_list":
                found.add(ALL)
            elif name is not None and self._scan.is_test(name):
                found.add(name)
        return found

    def _note(self, tests: set[str]) -> None:
        """Add *tests* to all open fragments whose keys do not contain their groups."""
        for fragment in self._open:
            if ALL not in fragment.covered:
                fragment.missing |= tests - fragment.covered

    def _begin(self, token: Token, words: list[str]) -> None:
        covered: set[str] = set()
        for word in words[2:]:
            covered |= self._in_expression(word)
            if word in ("proc", "request.proc"):
                covered.add(ALL)
            variable = _VARIABLE.match(word)
            if variable is not None:
                covered |= self._targets.get(variable[0], set())
        fragment = _Fragment(
            f"{self._name}:{token.lineno}", words[1], covered, len(self._chain) > 1
        )
        self._open.append(fragment)
        self._scan.fragments.append(fragment)

    def _assign(self, words: list[str]) -> None:
        for number, word in enumerate(words):
            name, is_assignment, value = word.partition("=")
            if is_assignment and self._in_expression(value):
                self._targets[name] = self._in_expression(value)
            elif word == "as" and 0 < number < len(words) - 1:
                self._targets[words[number + 1]] = self._in_expression(words[number - 1])

    def _enter(self, block: str) -> None:
        inherited = self._blocks.get(block, _Place((), {}))
        self._open[:0] = inherited.fragments
        self._inherited.append(len(inherited.fragments))
        for variable, tests in inherited.targets.items():
            self._targets.setdefault(variable, tests)
        if len(self._chain) == 1:  # blocks of an included template cannot be overridden
            place = _Place(tuple(self._open), dict(self._targets))
            self._scan.template(self._name)[block] = place

    def _follow(self, command: str, word: str) -> None:
        name = word.strip("\"'")
        if name == word or name in self._chain or not self._scan.text(name):
            return
        if command == "extends":
            self._blocks = dict(self._scan.template(name))
            self._scan.template(self._name).update(self._blocks)
            return
        if self._open or "cache" in self._scan.text(name):
            place = _Place(tuple(self._open), self._targets)
            _Reading(self._scan, name, place, (*self._chain, name)).read()
