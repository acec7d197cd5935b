"""All ordinary tests of a matrix in one function: which allocation each visitor is in.

The rules of a hundred tests mention the same few variables and repeat each other. Asked
one by one, most of the time goes into calls. So one Python function is built for all of
them, as a syntax tree: a rule over variables of declared types is an expression in it
(`rules.typed`), every other rule a call of its closure. For two tests it looks like this:

    def select(get, ask, refuse):
        v0 = get('country')
        ok0 = type(v0) is str
        if not ok0:
            v0 = convert0(v0, refuse)
            ok0 = v0 is not None
        chosen = []
        add = chosen.append
        failed = []
        r = v0 == 'US' if ok0 else ask(0)
        if r:
            add(row0)
        elif r is None:
            failed.append(...)
        …

A rule that fails is None, so that no later allocation is tried. What the function returns
are rows: all that is left is to hash, and only for those.

Tests that need more (dependencies, random or unitless allocations) go through `chooser`,
and so does everything when groups are forced or a visitor is incognito.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.core.exceptions import ConversionError
from proctor.core.rule_check import MISSING_EXPERIMENTAL_UNIT
from proctor.core.rules import trees
from proctor.core.rules.rule import Kind, Rule
from proctor.core.rules.typed import NameTable, TypedBuilder, VariableType, compared, load
from proctor.core.rules.values import Character, Float

if TYPE_CHECKING:
    from proctor.core.chooser import Chooser
    from proctor.core.context_types import ContextType
    from proctor.core.groups import GroupAssignment

__all__ = ["Row", "Select", "build_select", "is_convertible", "is_ordinary"]

#: More allocations than this would nest the function too deeply to be compiled.
MAX_OPTIONS = 20


class Row(NamedTuple):
    """A test and the allocation that a visitor is in: what is needed to hash."""

    test: str
    #: Which identifier: an index into the test types.
    slot: int
    prefix: bytes
    table: bytes
    pieces: tuple[GroupAssignment | None, ...]
    exact: Callable[[bytes], GroupAssignment]


class Failure(NamedTuple):
    """A test whose rule failed: which one, and which identifier the test is for."""

    test: str
    slot: int
    rule: int


#: `select(get, ask, refuse)`: *get* gives a variable's raw value or None; *ask* the answer of
#: a rule by its number, None where it fails; *refuse* is called where a raw value may not be
#: what its variable is declared to be. Returns the rows, and the failures.
Select = Callable[
    [Callable[[str], Any], Callable[[int], "bool | None"], Callable[[], object]],
    tuple[list[Row], list[Failure]],
]


def is_ordinary(test: Chooser) -> bool:
    """Whether a test is one that `build_select` takes."""
    return (
        test.depends_on is None
        and not test.is_random
        and not test.unitless
        and len(test.options) <= MAX_OPTIONS
    )


def build_select(
    tests: Sequence[Chooser],
    slots: Mapping[str, int],
    rules: dict[Rule, int],
    context_types: Mapping[str, ContextType] | None,
) -> tuple[Select, Collection[str]]:
    """The function for *tests*, all of them ordinary, and the variables that it looks at.

    It sees to it that a bad value of these is refused. *slots* numbers the test types.
    Rules that may have to be asked for are numbered in *rules*, which is added to.
    """
    builder = _SelectBuilder(slots, rules, context_types or {})
    return builder.build(tests), builder.variables


class _SelectBuilder:
    def __init__(
        self,
        slots: Mapping[str, int],
        rules: dict[Rule, int],
        context_types: Mapping[str, ContextType],
    ) -> None:
        self._slots = slots
        self._rules = rules
        self._types = context_types
        self._kinds = {
            name: VariableType(each.kind, each.low, each.high)
            for name, each in context_types.items()
            # The engine sets that one, whatever the context says.
            if each.kind is not None and name != MISSING_EXPERIMENTAL_UNIT
        }
        self._table = NameTable()
        #: Expressions of rules that are asked for more than once, each a local.
        self._shared: dict[Rule, ast.expr] = {}

    @property
    def variables(self) -> Collection[str]:
        """The variables that are looked at."""
        return self._table.variables.keys()

    def build(self, tests: Sequence[Chooser]) -> Select:
        uses = Counter(rule for test in tests for rule in _rules(test))
        body: list[ast.stmt] = []
        for rule, count in uses.items():
            if count > 1 and _is_expression(rule):
                local = f"r{len(self._shared)}"
                body.append(_assign(local, self._answer(rule)))
                self._shared[rule] = load(local)
        for test in tests:
            body.extend(self._test(test))
        function = _function([*self._prologue(), *body, _RETURN])
        return _compiled(function, self._table.values)

    def _prologue(self) -> list[ast.stmt]:
        """Fetches the variables that the expressions need, and sets their flags."""
        statements: list[ast.stmt] = [
            _assign("chosen", trees.List([], ast.Load())),
            _assign("failed", trees.List([], ast.Load())),
            _assign("add", trees.Attribute(load("chosen"), "append", ast.Load())),
            _assign("fail", trees.Attribute(load("failed"), "append", ast.Load())),
        ]
        for name, number in self._table.variables.items():
            statements.extend(self._variable(name, number))
        return statements

    def _variable(self, name: str, number: int) -> list[ast.stmt]:
        """A variable and its flag: whether it has a value of its type."""
        local, flag = f"v{number}", f"ok{number}"
        fetch = trees.Call(load("get"), [self._table.value(name)], [])
        convert = self._table.value(_converter(self._types[name]))
        converted = trees.Call(convert, [load(local), load("refuse")], [])
        needs = _assign(flag, compared(load(local), ast.IsNot(), self._table.value(None)))
        return [
            _assign(local, fetch),
            _assign(flag, self._guard(load(local), self._kinds[name])),
            trees.If(trees.UnaryOp(ast.Not(), load(flag)), [_assign(local, converted), needs], []),
        ]

    def _guard(self, value: ast.expr, variable: VariableType) -> ast.expr:
        """Whether a raw value is what it would be converted to."""
        # The class is asked and not the object: a lazy object pretends to be what it wraps.
        cls = trees.Call(self._table.value(type), [value], [])
        exact = compared(cls, ast.Is(), self._table.value(_CLASSES[variable.kind]))
        if variable.kind == "int":
            low, high = self._table.value(variable.low), self._table.value(variable.high)
            within = trees.Compare(low, [ast.LtE(), ast.LtE()], [value, high])
            return trees.BoolOp(ast.And(), [exact, within])
        if variable.kind == "double":
            # Finite: an infinity or NaN less itself is NaN, which equals nothing.
            zero = trees.BinOp(value, ast.Sub(), value)
            return trees.BoolOp(
                ast.And(), [exact, compared(zero, ast.Eq(), self._table.value(0.0))]
            )
        if variable.kind == "list":
            # Members of other kinds would be converted, and may be equal to anything.
            kinds = trees.Call(self._table.value(_has_only_text), [value], [])
            return trees.BoolOp(ast.And(), [exact, kinds])
        return exact

    def _answer(self, rule: Rule) -> ast.expr:
        """The expression of a rule's answer: True, False, or None where it fails."""
        if rule in self._shared:
            return self._shared[rule]
        number = self._rules.setdefault(rule, len(self._rules))
        asked = trees.Call(load("ask"), [self._table.value(number)], [])
        if rule.node is None:
            return asked
        builder = TypedBuilder(self._kinds, rule.constants, self._table)
        condition = builder.condition(rule.node)
        needed = (
            [f"ok{self._table.variables[name]}" for name in sorted(rule.names)]
            if (condition is not None)
            else []
        )
        if condition is None:
            return asked
        flags = [load(flag) for flag in needed]
        if not flags:
            return condition
        test = flags[0] if len(flags) == 1 else trees.BoolOp(ast.And(), list[ast.expr](flags))
        return trees.IfExp(test, condition, asked)

    def _test(self, test: Chooser) -> list[ast.stmt]:
        """The statements of one test: its rule, then its allocations in turn."""
        branch: list[ast.stmt] = []
        for option in reversed(test.options):
            table = option.table
            row = Row(
                test.name,
                self._slots[test.test_type],
                test.prefix,
                table.table,
                table.pieces,
                table.exact,
            )
            branch = self._branch(test, option.rule, [_call("add", self._object(row))], branch)
        return self._branch(test, test.rule, branch, [])

    def _branch(
        self, test: Chooser, rule: Rule, yes: list[ast.stmt], no: list[ast.stmt]
    ) -> list[ast.stmt]:
        """Go on with *yes* where *rule* holds, with *no* where not; note where it fails."""
        if rule.kind in (Kind.EMPTY, Kind.TRUE):
            return yes
        if rule.kind is Kind.FALSE:
            return no
        number = self._rules.setdefault(rule, len(self._rules))
        note = _call("fail", self._object(Failure(test.name, self._slots[test.test_type], number)))
        answer = self._answer(rule)
        statements: list[ast.stmt] = []
        if not isinstance(answer, ast.Name):
            statements.append(_assign("r", answer))
            answer = load("r")
        failed = compared(answer, ast.Is(), self._table.value(None))
        # Nothing to do is nothing that a tree can say.
        statements.append(trees.If(answer, yes or [trees.Pass()], [trees.If(failed, [note], no)]))
        return statements

    def _object(self, value: Row | Failure) -> ast.expr:
        name = f"k{len(self._table.values)}"
        self._table.values[name] = value
        return load(name)


def _rules(test: Chooser) -> list[Rule]:
    return [test.rule, *(option.rule for option in test.options)]


def _is_expression(rule: Rule) -> bool:
    """Whether a rule is evaluated at all, and for every test alike."""
    return rule.kind is Kind.EXPRESSION and MISSING_EXPERIMENTAL_UNIT not in rule.names


_CLASSES: dict[str, type] = {
    "boolean": bool,
    "int": int,
    "double": float,
    "string": str,
    "list": list,
}


def _has_only_text(members: list[Any]) -> bool:
    """Whether all members are plain strings, which stay as they are."""
    return all(type(each) is str for each in members)


def _converter(declared: ContextType) -> Callable[[Any, Callable[[], object]], Any]:
    """Raw value → the plain value that expressions use, or None for the general way.

    The converter calls its second argument where the raw value cannot be converted.
    """
    kind = declared.kind
    plain = _CLASSES[kind or ""]

    def convert(raw: Any, refuse: Callable[[], object]) -> Any:
        if raw is None:
            return None
        try:
            value = declared.convert(raw)
        except ConversionError:
            refuse()
            return None
        if kind == "double":
            return value if isinstance(value, float) and value - value == 0 else None
        if kind == "list":
            return value if isinstance(value, list) and _has_only_text(value) else None
        return plain(value)

    return convert


def is_convertible(declared: ContextType) -> Callable[[Any], bool]:
    """A function of a raw value: whether it can be converted. The usual ones are not tried."""
    cls, low, high = declared.python_type, declared.low, declared.high

    def convertible(raw: Any) -> bool:
        kind = type(raw)
        if kind is int:
            if declared.kind == "int":
                return bool(low <= raw <= high)
            if cls is not None and issubclass(cls, float):
                return True
        elif kind is str and cls is Character:
            return len(raw) == 1 and raw <= "\uffff"
        elif (kind is cls and kind in (str, bool, float)) or (kind is float and cls is Float):
            return True
        try:
            declared.convert(raw)
        except ConversionError:
            return False
        return True

    return convertible


def _assign(name: str, value: ast.expr) -> ast.stmt:
    return trees.Assign([trees.Name(name, ast.Store())], value)


def _call(name: str, argument: ast.expr) -> ast.stmt:
    return trees.Expr(trees.Call(load(name), [argument], []))


_RETURN = trees.Return(trees.Tuple([load("chosen"), load("failed")], ast.Load()))


def _function(body: list[ast.stmt]) -> ast.Module:
    names: list[ast.arg] = [trees.Arg(name) for name in ("get", "ask", "refuse")]
    arguments = ast.arguments([], names, None, [], [], None, [])
    function = trees.FunctionDef("select", arguments, body, [])
    # Python 3.12 has a field for this and wants it set; earlier ones take no notice.
    setattr(function, "type_params", [])  # noqa: B010 - not there for a checker of 3.10
    return ast.Module([function], [])


def _compiled(module: ast.Module, values: dict[str, Any]) -> Select:
    """The function of the tree, with *values* as its globals; nothing is executed."""
    code = compile(module, "<the tests of a matrix>", "exec")
    inner = next(each for each in code.co_consts if isinstance(each, CodeType))
    return FunctionType(inner, {"__builtins__": {}, **values})
