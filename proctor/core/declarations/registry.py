"""The tests that an application declares, by name, and the problems in their declarations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from proctor.core.declarations.problems import DeclarationProblem, Fault
from proctor.core.declarations.proctor_test import ProctorTest
from proctor.core.declarations.specification import read_specification, write_specification
from proctor.core.exceptions import ConfigurationError
from proctor.core.java.frozen import EMPTY
from proctor.core.messages import nearest, shown

if TYPE_CHECKING:
    import os

__all__ = ["Registry", "declaration_problems"]

_OPTIONS = ("groups", "default", "payload", "identifier")


def _from_options(name: str, options: object) -> ProctorTest | DeclarationProblem:
    """Return the test that one item of a dict declares, or the problem with the item."""
    if isinstance(options, ProctorTest):
        return options
    if options is None:
        options = {}
    if not isinstance(options, Mapping):
        return DeclarationProblem(
            Fault.TYPE,
            f"{name!r} is declared as {shown(options)}",
            f"write a dict whose keys are among {', '.join(_OPTIONS)}",
        )
    unknown = [option for option in options if option not in _OPTIONS]
    if unknown:
        return DeclarationProblem(
            Fault.TYPE,
            f"{name!r} has the unknown option {shown(unknown[0])}",
            nearest(unknown[0], _OPTIONS),
        )
    return ProctorTest(name, **options)


def _entries(declared: object) -> Iterator[ProctorTest | DeclarationProblem]:
    """Yield a test or a problem for each entry of the declarations, which can be of any type."""
    if isinstance(declared, str):
        yield DeclarationProblem(
            Fault.TEXT,
            f"the tests are declared as the string {declared!r}",
            f"a tuple with one element needs a comma: ({declared!r},)",
        )
    elif isinstance(declared, Mapping):
        for name, options in declared.items():
            yield _from_options(name, options)
    elif isinstance(declared, (list, tuple)):
        for each in declared:
            if isinstance(each, ProctorTest):
                yield each
            elif isinstance(each, str):
                yield ProctorTest(each)
            else:
                yield DeclarationProblem(
                    Fault.TYPE,
                    f"{shown(each)} is not a declaration",
                    "write a name or ProctorTest(...)",
                )
    else:
        yield DeclarationProblem(
            Fault.TYPE,
            f"the tests are declared as {shown(declared)}",
            "write a tuple, a list or a dict",
        )


def declaration_problems(declared: object) -> list[DeclarationProblem]:
    """Return all problems in the declarations, which can be of any type."""
    problems: list[DeclarationProblem] = []
    seen: set[str] = set()
    for entry in _entries(declared):
        if isinstance(entry, DeclarationProblem):
            problems.append(entry)
            continue
        problems.extend(entry.problems())
        if entry.name in seen:
            problems.append(
                DeclarationProblem(Fault.TWICE, f"{entry.name!r} is declared twice", "remove one")
            )
        seen.add(str(entry.name))
    return problems


class Registry(Mapping[str, ProctorTest]):
    """The tests of an application by name, in the order of declaration. Immutable."""

    __slots__ = ("_specification", "_tests", "names")

    #: The names of all tests.
    names: tuple[str, ...]

    def __init__(self, tests: Sequence[ProctorTest | str] | Mapping[str, Any] = ()) -> None:
        """Read the declarations: names, `ProctorTest`s, or a dict that maps names to options.

        Raises a ConfigurationError that lists all problems in the declarations.
        """
        problems = declaration_problems(tests)
        if problems:
            raise ConfigurationError("; ".join(map(str, problems)))
        entries = [entry for entry in _entries(tests) if isinstance(entry, ProctorTest)]
        self._tests = {entry.name: entry for entry in entries}
        self.names = tuple(self._tests)
        #: The fields of a specification other than its tests.
        self._specification: Mapping[str, Any] = EMPTY

    def __getitem__(self, name: str) -> ProctorTest:
        return self._tests[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tests)

    def __len__(self) -> int:
        return len(self._tests)

    def __repr__(self) -> str:
        return f"Registry({list(self._tests.values())!r})"

    def hint(self, name: str) -> str:
        """Return a hint for an undeclared *name*: the closest declared name, and the full list."""
        return nearest(name, self.names) if self.names else "no tests are declared"

    @classmethod
    def from_specification(
        cls, specification: Mapping[str, Any] | str | os.PathLike[str]
    ) -> Registry:
        """Read a Proctor *specification*, given as a path or as parsed content.

        The bucket with a test's fallback value becomes the test's default. The file can contain
        comments. The whole content of the specification is kept, so that `to_specification` can
        write it back. Raises ConfigurationError for any other kind of document; the message names
        the kind if it can be recognized.
        """
        tests, rest = read_specification(specification)
        registry = cls(tests)
        registry._specification = rest
        return registry

    def to_specification(self) -> dict[str, Any]:
        """Return the registry as a Proctor specification, ready to be written as JSON.

        Raises ConfigurationError for a test whose groups have no values, because Proctor needs the
        values.
        """
        return write_specification(self.values(), self._specification)
