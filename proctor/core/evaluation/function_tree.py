"""The syntax tree of the function that `selection` compiles."""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from proctor.core.evaluation.hashing import encode_identifier, md5
from proctor.core.evaluation.raw_values import CLASSES, has_only_text, plain_converter
from proctor.core.matrices.rule_check import MISSING_EXPERIMENTAL_UNIT
from proctor.core.rules import trees
from proctor.core.rules.guessing import guessed_types
from proctor.core.rules.names import NameTable, load
from proctor.core.rules.rule import Rule, RuleKind
from proctor.core.rules.typed import TypedBuilder, VariableType, compared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from proctor.core.evaluation.chooser import Chooser, Option
    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.core.java.context_types import ContextType

__all__ = ["Failure", "OneBuilder", "Row", "SelectBuilder", "group_of_row"]


class Row(NamedTuple):
    """A test and the allocation that a visitor is in: everything that is needed for hashing."""

    test: str
    #: The index of the test type whose identifier is hashed.
    slot: int
    prefix: bytes
    table: bytes
    pieces: tuple[GroupAssignment | None, ...]
    exact: Callable[[bytes], GroupAssignment]


def group_of_row(row: Row, identifier: str) -> GroupAssignment:
    """Return the group that the row's allocation assigns to an identifier."""
    try:
        encoded = identifier.encode()
    except UnicodeEncodeError:
        encoded = encode_identifier(identifier)
    _, _, prefix, table, pieces, exact = row
    digest = md5(prefix + encoded).digest()
    # Test for None, not for truth, because an assignment is false if its value is 0 or less.
    found = pieces[table[digest[12]]]
    return exact(digest[12:]) if found is None else found


class Failure(NamedTuple):
    """A test whose rule failed, and the identifier that the test uses."""

    test: str
    slot: int
    rule: Rule


class SelectBuilder:
    """Builds the function for several tests. The function returns their rows and failures."""

    def __init__(
        self,
        tests: Sequence[Chooser],
        slots: Mapping[str, int],
        context_types: Mapping[str, ContextType] | None,
    ) -> None:
        self._tests = tests
        self._slots = slots
        self._uses = Counter(rule for test in tests for rule in _rules(test))
        self._types = context_types or {}
        self._kinds = (
            guessed_types(self._uses)
            if context_types is None
            else {
                name: VariableType(each.kind, each.low, each.high)
                for name, each in context_types.items()
                if each.kind is not None
            }
        )
        # The engine always sets this variable itself and ignores its value in the context.
        self._kinds.pop(MISSING_EXPERIMENTAL_UNIT, None)
        self.table = NameTable()
        #: For each context variable, the name of a local variable that is True if the value has the
        #: right type.
        self._flags: dict[str, str] = {}
        #: Rules that are used more than once, and the local variables with their results.
        self._shared: dict[Rule, ast.expr] = {}

    def build(self) -> ast.Module:
        """Return the syntax tree of the function, and add its globals to the table."""
        body: list[ast.stmt] = []
        for rule, count in self._uses.items():
            if count > 1 and _is_expression(rule):
                local = self.table.make("holds", rule.text or "")
                body.append(_assign(local, self._answer(rule)))
                self._shared[rule] = load(local)
        for test in self._tests:
            body.extend(self._test(test))
        variables = [each for name in self.table.variables for each in self._variable(name)]
        statements = [*variables, *self._begin(), *body, *self._end()]
        return _function(statements or [trees.Pass()])

    def _begin(self) -> list[ast.stmt]:
        return [
            _assign("chosen", trees.List([], ast.Load())),
            _assign("failed", trees.List([], ast.Load())),
            _assign("add", trees.Attribute(load("chosen"), "append", ast.Load())),
            _assign("fail", trees.Attribute(load("failed"), "append", ast.Load())),
        ]

    def _end(self) -> list[ast.stmt]:
        return [trees.Return(trees.Tuple([load("chosen"), load("failed")], ast.Load()))]

    def _choose(self, row: ast.expr) -> ast.stmt:
        return trees.Expr(trees.Call(load("add"), [row], []))

    def _note(self, failure: ast.expr) -> ast.stmt:
        return trees.Expr(trees.Call(load("fail"), [failure], []))

    def _flag(self, name: str) -> str:
        if name not in self._flags:
            self._flags[name] = self.table.make("ok", name)
        return self._flags[name]

    def _variable(self, name: str) -> list[ast.stmt]:
        """Return statements that fetch a variable and set its flag."""
        local, flag = self.table.variables[name], self._flag(name)
        fetch = trees.Call(load("get"), [self.table.value(name, "name", name)], [])
        statements = [
            _assign(local, fetch),
            _assign(flag, self._guard(load(local), self._kinds[name])),
        ]
        if name in self._types:
            convert = self.table.own(plain_converter(self._types[name]), "convert", name)
            converted = trees.Call(convert, [load(local), load("refuse")], [])
            needs = _assign(flag, compared(load(local), ast.IsNot(), trees.Constant(None)))
            missing = trees.UnaryOp(ast.Not(), load(flag))
            statements.append(trees.If(missing, [_assign(local, converted), needs], []))
        return statements

    def _guard(self, value: ast.expr, variable: VariableType) -> ast.expr:
        """Return an expression that is true if a raw value needs no conversion."""
        # Compare the type. isinstance is not enough, because a lazy object pretends to be an
        # instance of the class of the object that it wraps.
        cls = trees.Call(self.table.builtin(type), [value], [])
        exact = compared(cls, ast.Is(), self.table.builtin(CLASSES[variable.kind]))
        if variable.kind == "int":
            low, high = self.table.value(variable.low), self.table.value(variable.high)
            within = trees.Compare(low, [ast.LtE(), ast.LtE()], [value, high])
            return trees.BoolOp(ast.And(), [exact, within])
        if variable.kind == "double":
            # This is true only for finite numbers: an infinity or NaN minus itself is NaN.
            zero = trees.BinOp(value, ast.Sub(), value)
            return trees.BoolOp(ast.And(), [exact, compared(zero, ast.Eq(), self.table.value(0.0))])
        if variable.kind == "list":
            # Items of other types would need to be converted, and could compare equal to anything.
            kinds = trees.Call(self.table.value(has_only_text, "check", "only_text"), [value], [])
            return trees.BoolOp(ast.And(), [exact, kinds])
        return exact

    def _answer(self, rule: Rule) -> ast.expr:
        """Return the expression for a rule's result: True or False, or None if the rule fails."""
        if rule in self._shared:
            return self._shared[rule]
        builder = TypedBuilder(self._kinds, rule.constants, self.table)
        condition = None if rule.node is None else builder.condition(rule.node)
        flags: list[ast.expr] = []
        if condition is not None:
            flags.extend(load(self._flag(name)) for name in sorted(rule.names))
            if not flags:
                return condition
        asked = trees.Call(load("ask"), [self.table.value(rule, "rule", rule.text or "")], [])
        if condition is None:
            return asked
        known = flags[0] if len(flags) == 1 else trees.BoolOp(ast.And(), flags)
        return trees.IfExp(known, condition, asked)

    def _test(self, test: Chooser) -> list[ast.stmt]:
        """Return the statements for one test: its rule, followed by its allocations in order."""
        branch: list[ast.stmt] = []
        for index, option in reversed(list(enumerate(test.options))):
            place = test.definition.allocations[index].id or str(index + 1)
            row = self.table.own(self._row(test, option), "row", test.name, place)
            branch = self._branch(test, option.rule, [self._choose(row)], branch, place)
        return self._branch(test, test.rule, branch, [])

    def _row(self, test: Chooser, option: Option) -> Row:
        table = option.table
        slot = self._slots[test.test_type]
        return Row(test.name, slot, test.prefix, table.table, table.pieces, table.exact)

    def _branch(
        self,
        test: Chooser,
        rule: Rule,
        yes: list[ast.stmt],
        no: list[ast.stmt],
        *place: str,
    ) -> list[ast.stmt]:
        """Return statements that run *yes* if *rule* holds, else *no*. Failures are recorded."""
        if _is_always(rule):
            return yes
        if rule.kind is RuleKind.FALSE:
            return no
        failure = Failure(test.name, self._slots[test.test_type], rule)
        note = self._note(self.table.own(failure, "failure", test.name, *place))
        answer = self._answer(rule)
        statements: list[ast.stmt] = []
        if not isinstance(answer, ast.Name):
            statements.append(_assign("holds", answer))
            answer = load("holds")
        failed = compared(answer, ast.Is(), trees.Constant(None))
        # The body of an `if` cannot be empty.
        statements.append(trees.If(answer, yes or [trees.Pass()], [trees.If(failed, [note], no)]))
        return statements


class OneBuilder(SelectBuilder):
    """Builds a function for one test. The function returns the test's row or failure, or None."""

    def _begin(self) -> list[ast.stmt]:
        return []

    def _end(self) -> list[ast.stmt]:
        return []

    def _choose(self, row: ast.expr) -> ast.stmt:
        return trees.Return(row)

    def _note(self, failure: ast.expr) -> ast.stmt:
        return trees.Return(failure)

    def only_row(self, test: Chooser) -> Row | None:
        """Return the row that every visitor gets, or None if the row depends on rules."""
        if test.options and _is_always(test.rule) and _is_always(test.options[0].rule):
            return self._row(test, test.options[0])
        return None


def _rules(test: Chooser) -> list[Rule]:
    return [test.rule, *(option.rule for option in test.options)]


def _is_always(rule: Rule) -> bool:
    return rule.kind in (RuleKind.EMPTY, RuleKind.TRUE)


def _is_expression(rule: Rule) -> bool:
    """Return True if a rule is an expression whose result does not depend on the test."""
    return rule.kind is RuleKind.EXPRESSION and MISSING_EXPERIMENTAL_UNIT not in rule.names


def _assign(name: str, value: ast.expr) -> ast.stmt:
    return trees.Assign([trees.Name(name, ast.Store())], value)


def _function(body: list[ast.stmt]) -> ast.Module:
    names: list[ast.arg] = [trees.arg(name) for name in ("get", "ask", "refuse")]
    arguments = ast.arguments([], names, None, [], [], None, [])
    function = trees.FunctionDef("select", arguments, body, [])
    # Python 3.12 requires this field; earlier versions ignore it.
    setattr(function, "type_params", [])  # noqa: B010 - unknown to type checkers for 3.10
    return ast.Module([function], [])
