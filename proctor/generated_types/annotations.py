"""Write the annotation of a declared test, and break long code into lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from proctor.core.declarations.proctor_test import ProctorTest

__all__ = ["Code", "assignment_type", "literal", "quoted"]

#: Maximum line length of generated code, in characters. Longer lines are wrapped.
MAX_LINE = 88

#: Maps each payload type to the annotation of its value. Arrays are tuples; objects are read-only.
_PAYLOADS = {
    "stringValue": "str | None",
    "longValue": "int | None",
    "doubleValue": "float | None",
    "stringArray": "tuple[str, ...] | None",
    "longArray": "tuple[int, ...] | None",
    "doubleArray": "tuple[float, ...] | None",
    "map": "Mapping[str, Any] | None",
    "json": "Any",
}


@dataclass(frozen=True, slots=True)
class Code:
    """An expression: plain text, or items in brackets with text before and after them."""

    before: str
    items: tuple[Code, ...] = ()
    after: str = ""

    def __str__(self) -> str:
        return f"{self.before}{', '.join(map(str, self.items))}{self.after}"

    def lines(self, indent: int = 0, end: str = "") -> Iterator[str]:
        """Yield the expression as one line if it fits, otherwise with a line for each item."""
        line = f"{' ' * indent}{self}{end}"
        if len(line) <= MAX_LINE or not self.items:
            yield line
            return
        yield f"{' ' * indent}{self.before}"
        for item in self.items:
            yield from item.lines(indent + 4, ",")
        yield f"{' ' * indent}{self.after}{end}"


def quoted(text: str) -> str:
    """Return *text* as a string literal, in double quotes unless it contains double quotes."""
    literal = repr(text)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in literal else literal


def literal(names: Iterable[str], *, optional: bool = False) -> Code:
    """Return `Literal[...]` with the names, plus `| None` if *optional*.

    Without names, return NoReturn, or None if *optional*.
    """
    items = tuple(Code(quoted(name)) for name in names)
    if not items:
        return Code("None" if optional else "NoReturn")
    return Code("Literal[", items, "] | None" if optional else "]")


def assignment_type(test: ProctorTest) -> Code:
    """Return the type of a test's assignment: `Assignment[Literal["control"], str | None]`."""
    optional = test.default is None
    if test.groups is None:
        group = Code("str | None" if optional else "str")
    else:
        group = literal(test.groups, optional=optional)
    payload = _PAYLOADS[test.payload_type] if test.payload_type is not None else "Any"
    return Code("Assignment[", (group, Code(payload)), "]")
