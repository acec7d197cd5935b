"""The texts marked for translators, found in the source in the same way as by makemessages."""

from __future__ import annotations

import ast
import string
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE = Path(__file__).resolve().parent.parent / "proctor"
#: The core's markers, and the number of texts that each takes.
MARKERS = {"gettext_noop": 1, "ngettext_lazy": 2}
#: Calls with a sentence as an argument, and the argument's position.
TAKERS = {
    "ChangeRefused": 0,
    "Changed": 0,
    "Closed": 0,
    "Finding": 1,
    "NotFound": 0,
    "OwnApproval": 0,
    "PermissionMissing": 0,
    "Problem": 1,
    "refuse": 1,
    "refused": 2,
}


#: The replacement that `rewritten` uses for each English letter.
ALPHABET = "абвгдежзийклмнопрстуфхцчшщ"
_LETTERS = str.maketrans(string.ascii_letters, ALPHABET * 2)


def rewritten(template: str) -> str:
    """Return a template with different letters, and the same placeholders in the same places."""
    found = ""
    for text, name, form, conversion in string.Formatter().parse(template):
        found += text.translate(_LETTERS).replace("{", "{{").replace("}", "}}")
        if name is not None:
            found += (
                f"{{{name}{(conversion and '!' + conversion) or ''}{(form and ':' + form) or ''}}}"
            )
    return found


class Rewritten:
    """A translation of all marked texts, and only of these."""

    def gettext(self, text: str) -> str:
        assert (text,) in all_marked(), f"not marked: {text}"
        return rewritten(text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        assert (one, many) in all_marked(), f"not marked: {one}"
        return rewritten(one if count == 1 else many)


@cache
def all_marked() -> frozenset[tuple[str, ...]]:
    """Every marked text of the package."""
    return frozenset(texts for module in modules() for texts in marked(module.tree)) | {(", ",)}


class Module(NamedTuple):
    #: The path inside the package.
    name: str
    tree: ast.Module

    def is_in(self, folders: Iterable[str]) -> bool:
        """Return whether the module is below one of the folders."""
        return self.name.startswith(tuple(f"{each}/" for each in folders))


def modules() -> list[Module]:
    """Every module that may create sentences."""
    paths = sorted(PACKAGE.rglob("*.py"))
    found = [Module(str(path.relative_to(PACKAGE)), ast.parse(path.read_text())) for path in paths]
    return [each for each in found if each.name != "core/sentences.py"]


def marked(tree: ast.AST) -> Iterator[tuple[str, ...]]:
    """Yield the literals of each marker: one text, or a singular and a plural."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in MARKERS:
            texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
            assert len(texts) == MARKERS[_name(node.func)], ast.unparse(node)
            yield tuple(texts)


def unmarked_sentences(module: Module) -> list[str]:
    """Return the calls of Sentence whose template might not be a marked literal."""
    found = []
    for function, call in _calls(module.tree):
        if _name(call.func) == "Sentence" and not _is_marked(call.args[0], function, module.tree):
            found.append(f"{module.name}:{call.lineno}: {ast.unparse(call)[:80]}")
    return found


def plain_texts(module: Module) -> list[str]:
    """Return the calls that expect a sentence but get a literal or an f-string."""
    found = []
    for _, call in _calls(module.tree):
        position = TAKERS.get(_name(call.func), len(call.args))
        for node in ast.walk(call.args[position]) if position < len(call.args) else ():
            if isinstance(node, ast.Call):
                break
            if isinstance(node, (ast.Constant, ast.JoinedStr)):
                found.append(f"{module.name}:{call.lineno}: {ast.unparse(call)[:80]}")
                break
    return found


def _calls(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | None, ast.Call]]:
    """Yield each call with the innermost function that contains it."""
    waiting: list[tuple[ast.FunctionDef | None, ast.AST]] = [(None, tree)]
    while waiting:
        function, node = waiting.pop()
        if isinstance(node, ast.Call):
            yield function, node
        inside = node if isinstance(node, ast.FunctionDef) else function
        waiting += [(inside, each) for each in ast.iter_child_nodes(node)]


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _is_marked(node: ast.expr, function: ast.FunctionDef | None, tree: ast.Module) -> bool:
    """Return whether a template can only be a marked literal."""
    if isinstance(node, ast.Starred):
        node = node.value
    if isinstance(node, ast.Call):
        name = _name(node.func)
        if name in MARKERS:
            return all(isinstance(each, ast.Constant) for each in node.args)
        return name != "" and _returns_marked(name, tree)
    if isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Dict):
        return all(_is_marked(each, function, tree) for each in node.values)
    if not isinstance(node, ast.Name):
        return False
    if function is not None and node.id in {each.arg for each in function.args.args}:
        return _is_given_marked(node.id, function, tree)
    values = [*((function and _assigned(node.id, function)) or ())] or [*_assigned(node.id, tree)]
    return bool(values) and all(_is_marked(each, function, tree) for each in values)


def _assigned(name: str, scope: ast.AST) -> Iterator[ast.expr]:
    """Yield the values assigned to a name; for a loop over a table, the table's values."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and name in map(_name, node.targets):
            yield node.value
        if isinstance(node, (ast.For, ast.comprehension)) and name in map(
            _name, ast.walk(node.target)
        ):
            # `for name, text in table.items()`
            called = node.iter.func if isinstance(node.iter, ast.Call) else node.iter
            yield from _values(called.value if isinstance(called, ast.Attribute) else node.iter)


def _values(table: ast.expr) -> Iterator[ast.expr]:
    """Yield the values of a table of texts, or the expression itself if it is not a table."""
    yield from table.values if isinstance(table, ast.Dict) else (table,)


def _returns_marked(name: str, tree: ast.Module) -> bool:
    """Return whether a function of the module returns marked literals only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            values = [each.value for each in ast.walk(node) if isinstance(each, ast.Return)]
            return all(each is not None and _is_marked(each, node, tree) for each in values)
    return False


def _is_given_marked(name: str, function: ast.FunctionDef, tree: ast.Module) -> bool:
    """Return whether all calls of a function of the module give it a marked literal."""
    position = [each.arg for each in function.args.args].index(name)
    calls = [each for each in _calls(tree) if _name(each[1].func) == function.name]
    return bool(calls) and all(
        _is_marked(call.args[position], caller, tree) for caller, call in calls
    )
