"""What is made of a matrix once, for all calls: the tests in order, and the quick way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proctor.core.context_types import shown
from proctor.core.selection import build_select, is_convertible, is_ordinary

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from proctor.core.chooser import Chooser
    from proctor.core.context_types import ContextType
    from proctor.core.rules.rule import Rule

__all__ = ["Plan"]


#: So many questions are remembered: who asks more of them asks each time for other names.
_REMEMBERED = 64


class Wanted(NamedTuple):
    """The tests that an answer about some of them takes."""

    #: All that have to be evaluated.
    names: frozenset[str]
    #: Those that are evaluated only because others depend on them.
    parents: frozenset[str]


class Plan:
    """The tests in the order of evaluation, and the function that answers for most."""

    __slots__ = (
        "choosers",
        "closures",
        "experiments",
        "others",
        "ranks",
        "rules",
        "select",
        "slots",
        "types",
        "unread",
        "wanted_by_names",
    )

    def __init__(
        self, choosers: Iterable[Chooser], context_types: Mapping[str, ContextType] | None
    ) -> None:
        self.types = context_types
        self.choosers = {each.name: each for each in choosers}
        #: Each test's place in the order of evaluation.
        self.ranks = {name: rank for rank, name in enumerate(self.choosers)}
        ordinary = [each for each in self.choosers.values() if is_ordinary(each)]
        #: The tests that need their own way, each after those that it depends on.
        self.others = tuple(each for each in self.choosers.values() if not is_ordinary(each))
        #: The test types of ordinary tests, numbered.
        self.slots = {
            name: index for index, name in enumerate(sorted({each.test_type for each in ordinary}))
        }
        rules: dict[Rule, int] = {}
        self.select, read = build_select(ordinary, self.slots, rules, context_types)
        #: Variables that the function does not look at, and whether a value is of their type.
        self.unread = tuple(
            (name, is_convertible(each))
            for name, each in (context_types or {}).items()
            if name not in read
        )
        #: The rules that may be asked for, by number, and their closures.
        self.rules = tuple(rules)
        self.closures = tuple(rule.holds for rule in rules)
        #: Tests whose json payloads compete, in the order of evaluation.
        self.experiments = tuple(each for each in self.choosers.values() if each.experiment)
        #: What `wanted` remembers.
        self.wanted_by_names: dict[tuple[str, ...], Wanted | None] = {}

    def with_parents(self, tests: Collection[str]) -> set[str]:
        """Those of *tests* that are there, and all that these depend on."""
        if isinstance(tests, (str, bytes)):
            raise TypeError(f"tests is {shown(tests)}; give a list of names, or None for all")
        names: set[str] = set()
        for name in tests:
            test = self.choosers.get(name)
            while test is not None and test.name not in names:
                names.add(test.name)
                test = None if test.depends_on is None else self.choosers[test.depends_on[0]]
        return names

    def wanted(self, tests: Collection[str]) -> Wanted | None:
        """What an answer about *tests* takes; None where that is all that there are.

        Remembered for tuples: an application asks for the same names again and again.
        """
        if type(tests) is not tuple:
            return self._wanted(tests)
        remembered = self.wanted_by_names
        if tests not in remembered:
            if len(remembered) >= _REMEMBERED:
                return self._wanted(tests)
            remembered[tests] = self._wanted(tests)
        return remembered[tests]

    def _wanted(self, tests: Collection[str]) -> Wanted | None:
        names = frozenset(self.with_parents(tests))
        parents = names.difference(tests)
        everything = not parents and len(names) == len(self.choosers)
        return None if everything else Wanted(names, parents)

    def in_order(self, names: Collection[str] | None) -> Collection[Chooser]:
        """The tests of those names, None for all, each after those that it depends on."""
        if names is None:
            return self.choosers.values()
        return [self.choosers[name] for name in sorted(names, key=self.ranks.__getitem__)]
