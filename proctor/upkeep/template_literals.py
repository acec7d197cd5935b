"""Find the tests and groups that Django templates name, by compiling the templates."""

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
    "named_texts",
    "template_texts",
    "text_of",
]

#: Loaders that can list their templates.
_Listing = FilesystemLoader | LocmemLoader

_TAGS = re.compile(r"\{%\s*(?:ifgroup|proctor_group|proctor_payload|proctor_json)\b")


class Literal(NamedTuple):
    """A test named in a template tag, with the groups that the tag names for it."""

    test: str
    groups: tuple[str, ...]
    #: The template and the line, such as `shop/page.html:3`.
    place: str


class Uncompiled(NamedTuple):
    """A template that cannot be read or compiled."""

    name: str
    #: The reason, in one line.
    message: str
    #: True if the text contains proctor's tags, so names may have been missed.
    matters: bool


@dataclass(frozen=True, slots=True)
class Literals:
    """The names that were found in the templates."""

    literals: tuple[Literal, ...]
    uncompiled: tuple[Uncompiled, ...]
    #: Number of templates that were compiled.
    compiled: int
    #: Loaders that cannot list their templates, so their templates were not read.
    unlisted: tuple[str, ...]


class Texts(NamedTuple):
    """The texts of the templates that could be read."""

    #: The name and the text of each template.
    named: list[tuple[str, str]]
    #: Loaders that cannot list their templates.
    unlisted: tuple[str, ...]

    @property
    def texts(self) -> list[str]:
        """The texts, without the names."""
        return [text for _, text in self.named]


def template_texts() -> Texts:
    """Return the texts of all templates that can be listed, from every engine, including Jinja2.

    For Django's engines, templates that another template with the same name hides are left out, and
    the text of a file that is not text is "". Raises Django's exception if TEMPLATES is invalid.
    """
    named: list[tuple[str, str]] = []
    unlisted: list[str] = []
    for backend in engines.all():
        if isinstance(backend, DjangoTemplates):
            loaders = _listing(backend.engine, unlisted)
            named += [(name, _text(loaders, name)) for name in _all_names(loaders)]
        else:
            # Every engine keeps its templates as files in these folders.
            for directory in map(Path, backend.template_dirs):
                files = (path for path in directory.rglob("*") if path.is_file())
                named += [(path.relative_to(directory).as_posix(), text_of(path)) for path in files]
    return Texts(named, tuple(unlisted))


def named_texts() -> Iterator[dict[str, str]]:
    """Yield the templates of each Django engine as a mapping from name to text.

    Raises Django's exception if TEMPLATES is invalid.
    """
    for backend in engines.all():
        if isinstance(backend, DjangoTemplates):
            loaders = _listing(backend.engine, [])
            yield {name: _text(loaders, name) for name in _all_names(loaders)}


def text_of(path: Path) -> str:
    """Return the text of a file, or "" if it cannot be read, as in the case of a broken link."""
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def find_literals() -> Literals:
    """Compile the templates of all engines, and collect the literals in proctor's tags.

    Templates that another template with the same name hides are left out. Raises Django's exception
    if TEMPLATES is invalid.
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
                if _is_ours(loaders, name):
                    # The editor is not installed, so its templates cannot load their tags.
                    continue
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
    """Return the tests and groups that a node names. Only literal names are strings."""
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
    """Return the loaders; each cached loader is replaced by the loaders that it wraps."""
    for loader in loaders:
        if isinstance(loader, CachedLoader):
            yield from _plain(loader.loaders)
        else:
            yield loader


def _listing(engine: Engine, unlisted: list[str]) -> list[_Listing]:
    """Return an engine's loaders that can list their templates; add the others to *unlisted*."""
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


#: The folder of the proctor package.
_PACKAGE = Path(__file__).resolve().parent.parent


def _is_ours(loaders: list[_Listing], name: str) -> bool:
    """Return True if the template that Django finds belongs to this package."""
    for loader in loaders:
        for origin in loader.get_template_sources(name):
            path = Path(origin.name)
            if path.is_file():
                return path.resolve().is_relative_to(_PACKAGE)
    return False


def _uncompiled(loaders: list[_Listing], name: str, error: Exception) -> Uncompiled:
    message = " ".join(f"{type(error).__name__}: {error}".split())
    return Uncompiled(name, message, matters=_TAGS.search(_text(loaders, name)) is not None)


def _text(loaders: list[_Listing], name: str) -> str:
    """Return the text of a template from the first location where it can be read, or ""."""
    for loader in loaders:
        for origin in loader.get_template_sources(name):
            try:
                return loader.get_contents(origin)
            except Exception:  # noqa: BLE001, S112 - the next place may have it
                continue
    return ""
