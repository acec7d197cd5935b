"""Write the text of the generated module, and compare it with the module on disk."""

from __future__ import annotations

import difflib
import keyword
from typing import TYPE_CHECKING, NamedTuple

from proctor.generated_types.annotations import Code, assignment_type, literal, quoted

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["InMatrix", "difference", "in_matrix", "is_generated", "module_text"]

_HEAD = '''\
"""The tests in PROCTOR_TESTS, for type checkers and editors.

Written by `manage.py proctor_types`. Do not edit it; change PROCTOR_TESTS instead.
"""

# fmt: off
# isort: skip_file
# pyright: basic
# ruff: noqa
# ruff: noqa: PGH004

from __future__ import annotations

'''

#: The line that identifies a module as generated.
_MARK = "Written by `manage.py proctor_types`."

_REQUEST = '''

class ProctorRequest(HttpRequest):
    """A request whose `proc` has the tests above: `def view(request: ProctorRequest)`.

    For annotations only. No request is an instance of this class.
    """

    proc: Proc
'''

#: Names that the annotations in the class use; a test with the same name as one of them would hide
#: it.
_USED = frozenset(
    (
        *("Any", "Assignment", "HttpRequest", "Literal", "Mapping", "NoReturn", "TYPE_CHECKING"),
        *("TestName", "float", "int", "overload", "str", "tuple"),
    )
)

#: The prefix of lines that depend on the matrix instead of PROCTOR_TESTS.
_MATRIX_LINE = "    #: In the matrix: "


class InMatrix(NamedTuple):
    """Data from the matrix about a test whose groups are not declared."""

    groups: tuple[str, ...]
    payload_type: str | None


def in_matrix(
    tests: Iterable[ProctorTest], definitions: Mapping[str, TestDefinition]
) -> dict[str, InMatrix]:
    """Return the matrix's data for the *tests* whose groups are not declared."""
    found = {}
    for test in tests:
        definition = definitions.get(test.name)
        if test.groups is None and definition is not None:
            types = (each.payload.type for each in definition.buckets if each.payload)
            groups = tuple(each.name for each in definition.buckets)
            found[test.name] = InMatrix(groups, next(types, None))
    return found


def module_text(
    tests: Iterable[ProctorTest],
    own_names: Container[str],
    matrix: Mapping[str, InMatrix] | None = None,
) -> str:
    """Return the text of the module for *tests*, in the given order.

    *own_names* are the attributes of `request.proc` itself: a test with one of these names can only
    be read as an item. The data of the *matrix* becomes comments, which type checkers ignore.
    """
    tests = list(tests)
    body = "\n".join(_body(tests, own_names, matrix or {}))
    imports = _imports(body)
    return f"{_HEAD}{imports}\n{body}\n{_REQUEST}"


def is_generated(text: str) -> bool:
    """Return True if *text* is a module that `module_text` wrote.

    Callers skip such a module when they search for code that uses a test.
    """
    return _MARK in text[: len(_HEAD)]


def _imports(body: str) -> str:
    """Return the import statements for the names that *body* uses."""
    typing = [
        name
        for name in ("TYPE_CHECKING", "Any", "Literal", "NoReturn", "TypeAlias", "overload")
        if name in body
    ]
    lines = [
        *(["from collections.abc import Mapping"] if "Mapping[" in body else []),
        f"from typing import {', '.join(typing)}",
        "",
        "from django.http import HttpRequest",
        "",
        *(["from proctor import Assignment"] if "Assignment[" in body else []),
        "from proctor.typed import DeclaredProc",
        "",
    ]
    return "\n".join(lines)


def _body(
    tests: list[ProctorTest], own_names: Container[str], matrix: Mapping[str, InMatrix]
) -> Iterator[str]:
    names = literal(test.name for test in tests)
    yield "#: The names of all tests."
    yield from Code(f"TestName: TypeAlias = {names.before}", names.items, names.after).lines()
    yield ""
    yield ""
    yield "class Proc(DeclaredProc[TestName]):"
    yield '    """`request.proc`, with tests as attributes and items. For annotations only."""'
    attributes = [test for test in tests if _is_attribute(test.name, own_names)]
    if attributes:
        yield ""
    for test in attributes:
        yield from _attribute(test, matrix.get(test.name))
    if tests:
        yield ""
        yield "    if TYPE_CHECKING:"
        yield from _readers("__getitem__", tests)
        yield from _readers("peek", tests)


def _is_attribute(name: str, own_names: Container[str]) -> bool:
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("_")
        and name not in own_names
        and name not in _USED
    )


def _attribute(test: ProctorTest, matrix: InMatrix | None) -> Iterator[str]:
    if matrix is not None:
        payload = f"; payload {matrix.payload_type}" if matrix.payload_type else ""
        groups = ", ".join(map(quoted, matrix.groups)) or "no groups"
        yield f"{_MATRIX_LINE}{groups}{payload}"
    found = assignment_type(test)
    yield from Code(f"{test.name}: {found.before}", found.items, found.after).lines(4)


def _readers(method: str, tests: list[ProctorTest]) -> Iterator[str]:
    """Yield an overload of *method* for each test, and a general one if there are several tests."""
    for test in tests:
        yield ""
        if len(tests) > 1:
            yield "        @overload"
        found = assignment_type(test)
        head = f"def {method}(self, name: Literal[{quoted(test.name)}]) -> {found.before}"
        yield from Code(head, found.items, f"{found.after}: ...").lines(8)
    if len(tests) > 1:
        yield ""
        yield f"        def {method}(self, name: str) -> Assignment[Any, Any]: ..."


def difference(expected: str, found: str, path: str) -> str:
    """Return a unified diff from *found*, the module at *path*, to *expected*.

    The diff is "" if the module is up to date. Lines about the matrix are ignored, because a matrix
    changes without a release.
    """
    before, after = _without_matrix(found), _without_matrix(expected)
    return "".join(difflib.unified_diff(before, after, path, f"{path} (from PROCTOR_TESTS)", n=1))


def _without_matrix(text: str) -> list[str]:
    lines = text.splitlines(keepends=True)
    return [line for line in lines if not line.startswith(_MATRIX_LINE)]
