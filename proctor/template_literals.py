"""The tests and groups that Django's templates name, by compiling all that can be found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from django.template import engines
from django.template.backends.django import DjangoTemplates
from django.template.base import Node
from django.template.loaders.cached import Loader as CachedLoader
from django.template.loaders.filesystem import Loader as FilesystemLoader
from django.template.loaders.locmem import Loader as LocmemLoader

from proctor.templatetags.proctor import (
    IfGroupNode,
    ProctorGroupNode,
    ProctorJsonNode,
    ProctorPayloadNode,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.template import Engine
    from django.template.loaders.base import Loader as BaseLoader

__all__ = [
    "Literal",
    "Literals",
    "Texts",
    "Uncompiled",
    "find_literals",
    "template_texts",
    "text_of",
]

#: Loaders that tell which templates they have.
_Listing = FilesystemLoader | LocmemLoader

_TAGS = re.compile(r"\{%\s*(?:ifgroup|proctor_group|proctor_payload|proctor_json)\b")


class Literal(NamedTuple):
    """A test that a tag names, and the groups of it that it names."""

    test: str
    groups: tuple[str, ...]
    #: The template and the line: `shop/page.html:3`.
    place: str


class Uncompiled(NamedTuple):
    """A template that cannot be looked into."""

    name: str
    #: Why not, in one line.
    message: str
    #: Whether its text has tags of proctor, so that something is missed.
    matters: bool


@dataclass(frozen=True, slots=True)
class Literals:
    """What was found in the templates."""

    literals: tuple[Literal, ...]
    uncompiled: tuple[Uncompiled, ...]
    #: How many templates were looked into.
    compiled: int
    #: Loaders that cannot list what they have, so that their templates are not looked into.
    unlisted: tuple[str, ...]


class Texts(NamedTuple):
    """The texts of templates."""

    texts: list[str]
    #: Loaders that cannot list what they have.
    unlisted: tuple[str, ...]


def template_texts() -> Texts:
    """The texts of the templates of all engines, Jinja2's too, that can be listed.

    A template that another hides under the same name is left out, and so is what is no text.
    Raises what Django raises where TEMPLATES is wrong.
    """
    texts: list[str] = []
    unlisted: list[str] = []
    for backend in engines.all():
        if isinstance(backend, DjangoTemplates):
            loaders = _listing(backend.engine, unlisted)
            texts += [_text(loaders, name) for name in _all_names(loaders)]
        else:
            # Whatever it is, its templates are files in these.
            for directory in map(Path, backend.template_dirs):
                files = (path for path in directory.rglob("*") if path.is_file())
                texts += [text_of(path) for path in files]
    return Texts(texts, tuple(unlisted))


def text_of(path: Path) -> str:
    """The text of a file; "" where it cannot be read, as behind a link that leads nowhere."""
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def find_literals() -> Literals:
    """Compile the templates of all engines, and collect the literals of proctor's tags.

    A template that another hides under the same name is left out. Raises what Django
    raises where TEMPLATES is wrong.
    """
    literals: list[Literal] = []
    uncompiled: list[Uncompiled] = []
    unlisted: list[str] = []
    compiled = 0
    for backend in engines.all():
        if not isinstance(backend, DjangoTemplates):
            continue
        loaders = _listing(backend.engine, unlisted)
        for name in _all_names(loaders):
            try:
                literals += _of_template(backend.engine, name)
                compiled += 1
            except Exception as error:  # noqa: BLE001 - a tag library may raise anything
                uncompiled.append(_uncompiled(loaders, name, error))
    return Literals(tuple(literals), tuple(uncompiled), compiled, tuple(unlisted))


def _of_template(engine: Engine, name: str) -> Iterator[Literal]:
    template = engine.get_template(name)
    for node in template.nodelist.get_nodes_by_type(Node):
        for test, groups in _asked(node):
            if isinstance(test, str):
                words = tuple(group for group in groups if isinstance(group, str))
                yield Literal(test, words, f"{name}:{_line(node)}")


def _asked(node: Node) -> list[tuple[Any, Iterable[Any]]]:
    """The tests that a node names with their groups; what is no text is computed."""
    if isinstance(node, IfGroupNode):
        return [(each.test, each.groups) for each, _ in node.branches if each is not None]
    if isinstance(node, (ProctorGroupNode, ProctorPayloadNode)):
        return [(node.test, ())]
    if isinstance(node, ProctorJsonNode):
        return [(test, ()) for test in node.tests]
    return []


def _line(node: Node) -> int | str:
    token = node.token
    return "?" if token is None or token.lineno is None else token.lineno


def _plain(loaders: Iterable[BaseLoader]) -> Iterator[BaseLoader]:
    """The loaders themselves, without the cached one around them."""
    for loader in loaders:
        if isinstance(loader, CachedLoader):
            yield from _plain(loader.loaders)
        else:
            yield loader


def _listing(engine: Engine, unlisted: list[str]) -> list[_Listing]:
    """The loaders of an engine that tell what they have; the others go to *unlisted*."""
    loaders: list[_Listing] = []
    for loader in _plain(engine.template_loaders):
        if isinstance(loader, (FilesystemLoader, LocmemLoader)):
            loaders.append(loader)
        else:
            unlisted.append(type(loader).__module__)
    return loaders


def _all_names(loaders: Iterable[_Listing]) -> list[str]:
    return sorted({name for loader in loaders for name in _names(loader)})


def _names(loader: _Listing) -> Iterator[str]:
    if isinstance(loader, LocmemLoader):
        yield from loader.templates_dict
        return
    for directory in map(Path, loader.get_dirs()):
        for path in directory.rglob("*"):
            if path.is_file():
                yield path.relative_to(directory).as_posix()


def _uncompiled(loaders: list[_Listing], name: str, error: Exception) -> Uncompiled:
    message = " ".join(f"{type(error).__name__}: {error}".split())
    return Uncompiled(name, message, matters=_TAGS.search(_text(loaders, name)) is not None)


def _text(loaders: list[_Listing], name: str) -> str:
    """The text of a template, as far as it can be read."""
    for loader in loaders:
        for origin in loader.get_template_sources(name):
            try:
                return loader.get_contents(origin)
            except Exception:  # noqa: BLE001, S112 - the next place may have it
                continue
    return ""
