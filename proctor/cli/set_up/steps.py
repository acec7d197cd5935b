"""The steps that prepare a project. Each inserts code, or returns lines for the user to add."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from proctor.cli.set_up.additions import (
    APPS,
    APPS_LINES,
    MATRIX,
    MATRIX_TEXT,
    MIDDLEWARE,
    MIDDLEWARE_LINES,
    PAGE,
    PAGE_TEXT,
    PROCESSOR,
    PROCESSOR_LINES,
    SOURCE_CODE,
    TEST,
    TESTS_CODE,
    URL_LINES,
    URLS,
)
from proctor.cli.set_up.edits import Edit
from proctor.cli.set_up.names import assigned_names, assigned_once, strings_of, text_of
from proctor.cli.set_up.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from proctor.cli.set_up.files import PythonFile
    from proctor.cli.set_up.project import Project

__all__ = ["ByHand", "Plan", "make_plan"]

DJANGO_TEMPLATES = "django.template.backends.django.DjangoTemplates"

_SOURCES = ("PROCTOR_MATRIX", "PROCTOR_API_ROOT", "PROCTOR_SOURCE")


class ByHand(NamedTuple):
    """Lines for the user to add, and the reason why the command does not add them."""

    place: str
    lines: str
    reason: str


class Plan(NamedTuple):
    """The changes that a project needs."""

    #: The new text of each file to change, by path.
    texts: dict[Path, tuple[PythonFile, str]]
    #: The files to create, by path.
    created: dict[Path, str]
    by_hand: list[ByHand]


class _Planner:
    """Runs the steps and collects their insertions."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.edits: dict[Path, Edit] = {}
        self.created: dict[Path, str] = {}
        self.by_hand: list[ByHand] = []
        self._strings = {text for file in project.settings for text in _strings_in(file)}

    def edit(self, file: PythonFile) -> Edit:
        """Return the insertions into a file that have been collected so far."""
        return self.edits.setdefault(file.path, Edit(file))

    def attempt(
        self, place: str, lines: str, needed: Collection[str], step: Callable[[], None]
    ) -> None:
        """Run a step. If it raises Refusal, keep *lines* for the user to add.

        The lines are not kept if the settings already mention all of *needed*.
        """
        try:
            step()
        except Refusal as refusal:
            if lines and not (needed and self._strings.issuperset(needed)):
                self.by_hand.append(ByHand(place, lines, str(refusal)))

    # -- the steps, in the order in which they run ----------------------------------------

    def apps(self) -> None:
        """Add the apps to INSTALLED_APPS."""
        file, value = assigned_once(self.project.settings, "INSTALLED_APPS")
        literal, known = strings_of(value, "INSTALLED_APPS")
        missing = [app for app in APPS if not any(_is_app(each, app) for each in known)]
        self._append(file, literal, missing)

    def middleware(self) -> None:
        """Add the middleware, unless the project already has a proctor middleware."""
        file, value = assigned_once(self.project.settings, "MIDDLEWARE")
        literal, known = strings_of(value, "MIDDLEWARE")
        has_one = any("proctor" in each.lower() for each in known)
        self._append(file, literal, [] if has_one else [MIDDLEWARE])

    def processor(self) -> None:
        """Add the context processor to the project's only Django template engine."""
        file, value = assigned_once(self.project.settings, "TEMPLATES")
        literal, known = strings_of(_processors(value), "the list of context processors")
        self._append(file, literal, [] if PROCESSOR in known else [PROCESSOR])

    def settings(self) -> None:
        """Add the settings to the end of the file that has INSTALLED_APPS."""
        code = self.settings_code()
        if code:
            file, _ = assigned_once(self.project.settings, "INSTALLED_APPS")
            self.edit(file).append_code(code)

    def settings_code(self) -> str:
        """Return the code for the settings that the project does not have yet."""
        known = assigned_names(self.project.settings)
        parts = [] if known & {*_SOURCES} else [SOURCE_CODE]
        parts += [] if "PROCTOR_TESTS" in known else [TESTS_CODE]
        return "\n".join(parts)

    @property
    def adds_test(self) -> bool:
        """True if this run adds the first test to the settings."""
        return TEST in self.settings_code()

    def urls(self) -> None:
        """Add the URLs to the URLconf, and a page with the first test if `/` is free."""
        package, file = self.project.urls()
        included = set(_strings_in(file))
        missing = {route: urls for route, urls in URLS.items() if urls not in included}
        if not missing:
            return
        taken = [route for route in missing if route in included]
        if taken:
            raise Refusal(f"{file.path.name} already has the route {taken[0]!r}")
        patterns = assigned_once([file], "urlpatterns").value
        if not isinstance(patterns, ast.List):
            raise Refusal("urlpatterns is not a literal list")
        page = file.path.with_name(f"{PAGE}.py")
        # Add the page only if both URLs are added, because the page links to them.
        adds_page = self.adds_test and len(missing) == len(URLS) and not page.exists()
        adds_page = adds_page and _leaves_root_free(patterns)
        if adds_page:
            missing[""] = f"{package}.{PAGE}".lstrip(".")
        edit = self.edit(file)
        quote = _quote(file, patterns)
        items = [
            f"path({quote}{route}{quote}, include({quote}{urls}{quote}))"
            for route, urls in missing.items()
        ]
        statement, names = self._missing_names(file)
        edit.append_items(patterns, items)
        if names:
            edit.import_names(statement, names)
        if adds_page:
            self.created[page] = PAGE_TEXT

    @staticmethod
    def _missing_names(file: PythonFile) -> tuple[ast.ImportFrom, list[str]]:
        """Return the statement that imports from django.urls, and the names to add to it."""
        statements = [
            each
            for each in file.tree.body
            if isinstance(each, ast.ImportFrom) and each.module == "django.urls" and not each.level
        ]
        known = {each.name for one in statements for each in one.names if each.asname is None}
        if not statements or "*" in known:
            raise Refusal(f"{file.path.name} does not import names from django.urls")
        return statements[0], [name for name in ("include", "path") if name not in known]

    def _append(
        self, file: PythonFile, literal: ast.List | ast.Tuple, texts: Iterable[str]
    ) -> None:
        quote = _quote(file, literal)
        items = [f"{quote}{text}{quote}" for text in texts]
        if items:
            self.edit(file).append_items(literal, items)


def make_plan(project: Project) -> Plan:
    """Return the changes that a project needs.

    If the apps cannot be added, nothing else is added, because nothing works without the apps.
    """
    planner = _Planner(project)
    place = project.shown(project.settings[0].path)
    steps: list[tuple[str, str, Collection[str], Callable[[], None]]] = [
        (place, APPS_LINES, APPS, planner.apps),
        (place, MIDDLEWARE_LINES, (MIDDLEWARE,), planner.middleware),
        (place, PROCESSOR_LINES, (PROCESSOR,), planner.processor),
        (place, planner.settings_code(), (), planner.settings),
        ("the URLconf", URL_LINES, (), planner.urls),
    ]
    planner.attempt(*steps[0])
    lacks_apps = bool(planner.by_hand)
    for where, lines, needed, step in steps[1:]:
        planner.attempt(where, lines, needed, _refuse if lacks_apps else step)
    texts = {}
    for path, edit in planner.edits.items():
        if edit:
            try:
                texts[path] = edit.file, edit.new_text()
            except Refusal as refusal:
                reason = str(refusal)
                return Plan({}, {}, [ByHand(where, lines, reason) for where, lines, *_ in steps])
    if not lacks_apps and planner.adds_test and not (project.root / MATRIX).exists():
        planner.created[project.root / MATRIX] = MATRIX_TEXT
    return Plan(texts, planner.created, planner.by_hand)


def _refuse() -> None:
    raise Refusal("the apps are not added")


def _leaves_root_free(patterns: ast.List) -> bool:
    """Return True if no pattern can match `/`, because each is a `path` with a non-empty route."""
    return all(
        isinstance(each, ast.Call)
        and isinstance(each.func, ast.Name)
        and each.func.id == "path"
        and each.args
        and text_of(each.args[0])
        for each in patterns.elts
    )


def _strings_in(file: PythonFile) -> Iterator[str]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _is_app(entry: str, app: str) -> bool:
    """Return True if an entry of INSTALLED_APPS is the app, by its name or its AppConfig."""
    return entry == app or entry.startswith(f"{app}.apps.")


def _processors(value: ast.expr) -> ast.expr:
    """Return the context processors of the only Django template engine.

    Raises Refusal if they cannot be found, or if there are several such engines.
    """
    if not isinstance(value, ast.List) or not all(
        isinstance(each, ast.Dict) for each in value.elts
    ):
        raise Refusal("TEMPLATES is not a literal list of dicts")
    engines = [each for each in value.elts if text_of(_item(each, "BACKEND")) == DJANGO_TEMPLATES]
    if len(engines) != 1:
        raise Refusal(f"TEMPLATES has {len(engines)} Django template engines")
    found = _item(_item(engines[0], "OPTIONS"), "context_processors")
    if found is None:
        raise Refusal("TEMPLATES has no list of context processors")
    return found


def _item(node: ast.expr | None, key: str) -> ast.expr | None:
    """Return a key's value in a literal dict, or None if the key does not occur exactly once."""
    if not isinstance(node, ast.Dict):
        return None
    found = [
        value for name, value in zip(node.keys, node.values, strict=True) if text_of(name) == key
    ]
    # If the dict contains `**more`, the key might occur there as well.
    return found[0] if len(found) == 1 and None not in node.keys else None


def _quote(file: PythonFile, node: ast.AST) -> str:
    """Return the quotation mark that a file uses in a literal."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            quote = file.text[file.start(each)]
            return quote if quote in "'\"" else '"'
    return '"'
