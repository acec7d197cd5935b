"""Evaluate all ordinary tests of a matrix in one function, to find a visitor's allocations.

The rules of a hundred tests use the same few variables, and many of these rules are equal.
Evaluating the rules one by one would spend most of the time on function calls. Therefore one Python
function is built for all of them, as a syntax tree. A rule over variables of known types becomes an
expression in it (`rules.typed`), and every other rule becomes a call of its closure. For a matrix
with two tests and a declared `country`, this is the function:

    def select(get, ask, refuse):
        var_country = get(name_country)
        ok_country = type(var_country) is str
        if not ok_country:
            var_country = convert_country(var_country, refuse)
            ok_country = var_country is not None
        chosen = []
        failed = []
        add = chosen.append
        fail = failed.append
        holds = var_country == text_US if ok_country else ask(rule_country_US)
        if holds:
            add(row_buttoncolortst_A1)
        elif holds is None:
            fail(failure_buttoncolortst)
        holds = ask(rule_fn_length_country_2)
        if holds:
            add(row_newfeaturerollout_1)
        elif holds is None:
            fail(failure_newfeaturerollout_1)
        else:
            add(row_newfeaturerollout_2)
        return (chosen, failed)

Every name with a prefix such as `text_`, `rule_` or `row_` is a global with a value from the matrix
(`rules.names`). The result of a rule that fails is None, so no later allocation is tried. The
function returns rows; identifiers have to be hashed only for these rows.

If no types are declared, the types of variables are guessed from the rules, and each visitor's
values are checked. `build_one` creates such a function for a single test; it returns the test's
row.

`chooser` handles the other tests: RANDOM tests, and tests with dependencies, unitless allocations
or very many allocations. It handles all tests if groups are forced or a visitor is incognito.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.core.evaluation.function_tree import Failure, OneBuilder, Row, SelectBuilder
from proctor.core.rules.rule import Rule

if TYPE_CHECKING:
    import ast

    from proctor.core.evaluation.chooser import Chooser
    from proctor.core.java.context_types import ContextType
    from proctor.core.rules.names import NameTable

__all__ = ["One", "Select", "build_one", "build_select", "is_ordinary"]

#: Maximum number of allocations of a test. With more, the function would be nested too deeply to be
#: compiled.
MAX_OPTIONS = 20


Get = Callable[[str], Any]
Ask = Callable[[Rule], bool | None]
Refuse = Callable[[], object]

#: Called as `select(get, ask, refuse)`. *get* returns the raw value of a variable, or None. *ask*
#: returns the result of a rule, or None if it fails. *refuse* is called if a raw value might not
#: have the declared type of its variable. The function returns the rows and the failures.
Select = Callable[[Get, Ask, Refuse], tuple[list[Row], list[Failure]]]
#: Like `Select`, for a single test. Returns the test's row, its failure, or None.
SelectOne = Callable[[Get, Ask, Refuse], Row | Failure | None]


class One(NamedTuple):
    """A single ordinary test in compiled form."""

    test_type: str
    #: The row that every visitor gets; None if rules decide.
    row: Row | None
    select: SelectOne
    #: The variables that `select` reads.
    variables: Collection[str]


def is_ordinary(test: Chooser) -> bool:
    """Return True if `build_select` can compile the test."""
    return (
        test.depends_on is None
        and not test.is_random
        and not test.unitless
        and len(test.options) <= MAX_OPTIONS
    )


def build_select(
    tests: Sequence[Chooser],
    slots: Mapping[str, int],
    context_types: Mapping[str, ContextType] | None,
) -> tuple[Select, Collection[str]]:
    """Return the function for *tests*, which must be ordinary, and the variables that it reads.

    The function reports values of these variables that cannot be converted. *slots* maps each test
    type to its number.
    """
    builder = SelectBuilder(tests, slots, context_types)
    return _compiled(builder.build(), builder.table), builder.table.variables.keys()


def build_one(test: Chooser, context_types: Mapping[str, ContextType] | None) -> One:
    """Return the function for one ordinary *test*."""
    builder = OneBuilder([test], {test.test_type: 0}, context_types)
    select = _compiled(builder.build(), builder.table)
    return One(test.test_type, builder.only_row(test), select, builder.table.variables.keys())


def _compiled(module: ast.Module, table: NameTable) -> Any:
    """Compile the tree and return its function, with the values in *table* as its globals.

    Compiling does not run the code, and the function can access only the globals that it is given.
    """
    code = compile(module, "<the tests of a matrix>", "exec")
    inner = next(each for each in code.co_consts if isinstance(each, CodeType))
    return FunctionType(inner, {"__builtins__": {}, **table.values})
