"""What an application expects of the matrix: its tests, their groups, defaults, payloads."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from proctor.core.context_types import nearest, shown
from proctor.core.declaration_problems import DeclarationProblem, Fault, problems_of_test
from proctor.core.exceptions import ConfigurationError
from proctor.core.groups import GroupAssignment, Reason

if TYPE_CHECKING:
    import os

__all__ = ["ProctorTest", "Registry", "declaration_problems"]

#: What may be written for a payload's type besides Proctor's own keys.
_PYTHON_TYPES: dict[Any, str] = {
    str: "stringValue",
    int: "longValue",
    float: "doubleValue",
    list[str]: "stringArray",
    list[int]: "longArray",
    list[float]: "doubleArray",
    dict: "map",
}

#: Bucket names are declared as a list, or with their values as a mapping.
GroupsDeclaration = Sequence[str] | Mapping[str, int]


class ProctorTest:
    """One test that an application uses. Immutable.

    *groups* are the names that the application handles, or names with their values;
    without them any group is taken. *default* is the group of a visitor who has none.
    *payload* is the type that the groups carry: str, int, float, list[str], list[int],
    list[float], dict, or Proctor's own name of it.

    Nothing is checked here, since this is written into settings: `problems` and
    `Registry` say what is wrong.
    """

    __slots__ = ("_defaults", "_takes_all", "default", "groups", "name", "payload")

    #: What the declaration says, and all that it is compared and shown by.
    _FIELDS = ("name", "groups", "default", "payload")

    #: pytest looks for classes by their name.
    __test__ = False

    name: str
    groups: GroupsDeclaration | None
    default: str | None
    payload: Any
    _defaults: dict[Reason, GroupAssignment]
    _takes_all: bool

    def __init__(
        self,
        name: str,
        groups: GroupsDeclaration | None = None,
        default: str | None = None,
        payload: Any = None,
    ) -> None:
        put = object.__setattr__
        put(self, "name", name)
        put(self, "groups", _frozen_groups(groups))
        put(self, "default", default)
        put(self, "payload", payload)
        put(self, "_defaults", {})
        put(self, "_takes_all", groups is None and payload is None)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a ProctorTest cannot be changed; {name!r} was to be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a ProctorTest cannot be changed; {name!r} was to be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ProctorTest):
            return NotImplemented
        return all(getattr(self, each) == getattr(other, each) for each in self._FIELDS)

    def __hash__(self) -> int:
        return hash((self.name, self.default))

    def __reduce__(self) -> tuple[Any, ...]:
        groups = dict(self.groups) if isinstance(self.groups, Mapping) else self.groups
        return ProctorTest, (self.name, groups, self.default, self.payload)

    def __repr__(self) -> str:
        options = [
            f", {option}={value!r}"
            for option in ("groups", "default", "payload")
            if (value := getattr(self, option)) is not None
        ]
        return f"ProctorTest({self.name!r}{''.join(options)})"

    @property
    def payload_type(self) -> str | None:
        """Proctor's name of the payload's type; None where none is declared."""
        if self.payload is None or isinstance(self.payload, str):
            return self.payload
        return _PYTHON_TYPES.get(self.payload)

    @property
    def takes_all(self) -> bool:
        """Whether any group and any payload is what was declared."""
        return self._takes_all

    def default_for(self, reason: Reason) -> GroupAssignment:
        """What a visitor without a group has, and why: the default, or no group at all."""
        made = self._defaults.get(reason)
        if made is None:
            value = None if self.default is None else self.value_of(self.default)
            made = self._defaults[reason] = GroupAssignment(self.default, value, reason=reason)
        return made

    def value_of(self, group: str) -> int | None:
        """The declared value of a group, if values are declared."""
        return self.groups.get(group) if isinstance(self.groups, Mapping) else None

    def knows(self, group: str | None) -> bool:
        """Whether the application handles a group of that name."""
        return self.groups is None or group in self.groups

    def accepts_payload(self, assignment: GroupAssignment) -> bool:
        """Whether the payload of an assignment is of the declared type, or there is none."""
        expected = self.payload_type
        if expected is None or not assignment.payload_type or expected == assignment.payload_type:
            return True
        # A dict is what the application wants; whether it comes as map or json is the matrix's.
        return self.payload is dict and isinstance(assignment.payload, Mapping)

    def problems(self) -> Iterator[DeclarationProblem]:
        """What is wrong with the declaration, each with the way out."""
        return problems_of_test(self)


def _frozen_groups(groups: Any) -> Any:
    """A copy that nobody can change; what is neither list nor mapping stays, to be reported."""
    if isinstance(groups, Mapping):
        return types.MappingProxyType(dict(groups))
    if isinstance(groups, (list, tuple, set, frozenset)):
        return tuple(groups)
    return groups


_OPTIONS = ("groups", "default", "payload")


def _from_options(name: str, options: object) -> ProctorTest | DeclarationProblem:
    """An entry of the dict form, or what is wrong with it."""
    if isinstance(options, ProctorTest):
        return options
    if options is None:
        options = {}
    if not isinstance(options, Mapping):
        return DeclarationProblem(
            Fault.TYPE,
            f"{name!r} is declared as {shown(options)}",
            f"write a dict of {', '.join(_OPTIONS)}",
        )
    unknown = [option for option in options if option not in _OPTIONS]
    if unknown:
        return DeclarationProblem(
            Fault.TYPE,
            f"{name!r} has the option {shown(unknown[0])}",
            nearest(unknown[0], _OPTIONS),
        )
    return ProctorTest(name, **options)


def _entries(declared: object) -> Iterator[ProctorTest | DeclarationProblem]:
    """The declarations in each of their forms, or what is wrong with them."""
    if isinstance(declared, str):
        yield DeclarationProblem(
            Fault.TEXT,
            f"the tests are declared as the text {declared!r}",
            f"a tuple of one needs a comma: ({declared!r},)",
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
                    f"{shown(each)} is no declaration",
                    "write a name or ProctorTest(...)",
                )
    else:
        yield DeclarationProblem(
            Fault.TYPE,
            f"the tests are declared as {shown(declared)}",
            "write a tuple, a list or a dict",
        )


def declaration_problems(declared: object) -> list[DeclarationProblem]:
    """Everything that is wrong with the declarations, in any of their forms."""
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
    """The tests of an application by name, in the order of their declaration. Immutable."""

    __slots__ = ("_tests", "names")

    #: The names of all tests.
    names: tuple[str, ...]

    def __init__(self, tests: Sequence[ProctorTest | str] | Mapping[str, Any] = ()) -> None:
        """Take the declarations: names, `ProctorTest`s, or a dict of name → options.

        Raises ConfigurationError with everything that is wrong with them.
        """
        problems = declaration_problems(tests)
        if problems:
            raise ConfigurationError("; ".join(map(str, problems)))
        entries = [entry for entry in _entries(tests) if isinstance(entry, ProctorTest)]
        self._tests = {entry.name: entry for entry in entries}
        self.names = tuple(self._tests)

    def __getitem__(self, name: str) -> ProctorTest:
        return self._tests[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tests)

    def __len__(self) -> int:
        return len(self._tests)

    def __repr__(self) -> str:
        return f"Registry({list(self._tests.values())!r})"

    def hint(self, name: str) -> str:
        """The tail of an error about an undeclared *name*: the nearest, and all."""
        return nearest(name, self.names) if self.names else "no tests are declared"

    @classmethod
    def from_specification(
        cls, specification: Mapping[str, Any] | str | os.PathLike[str]
    ) -> Registry:
        """Read a Proctor *specification*: its path, or what was parsed from it.

        A test's fallback value becomes the default, by the bucket of that value. Raises
        ConfigurationError for what is no specification.
        """
        from proctor.core.specification import read_specification  # noqa: PLC0415 - rare

        return cls(read_specification(specification))

    def to_specification(self) -> dict[str, Any]:
        """The registry as a Proctor specification, to be written as JSON.

        Raises ConfigurationError for a test without values of its groups, since Proctor
        needs them.
        """
        from proctor.core.specification import write_specification  # noqa: PLC0415 - rare

        return write_specification(self)
