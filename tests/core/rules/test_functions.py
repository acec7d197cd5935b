"""The libraries `fn:`, `proctor:` and `indeed:`, and custom functions."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from proctor.core.exceptions import (
    ConfigurationError,
    RuleEvaluationError,
    RuleRuntimeError,
    RuleSyntaxError,
)
from proctor.core.java.values import (
    BigInteger,
    Character,
    Float,
    Integer,
    LongArray,
    MaybeBool,
    Short,
    StringArray,
    java_class,
)
from proctor.core.java.versions import ReleaseVersion
from proctor.core.rules.functions import (
    LIBRARY,
    Function,
    extended,
    maybe_and,
    maybe_not,
    maybe_or,
)
from proctor.core.rules.rule import Rule
from proctor.core.rules.signatures import RuleType


def value(expression, **context):
    return Rule(f"${{{expression}}}").value(context)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        *(("fn:toUpperCase('a\u00df')", "ASS"), ("fn:toLowerCase('AB')", "ab")),
        *(
            ("fn:indexOf('abc', 'c')", 2),
            ("fn:indexOf('abc', 'x')", -1),
            ("fn:indexOf('a', '')", 0),
        ),
        *(("fn:contains('abc', 'bc')", True), ("fn:contains('abc', '')", True)),
        *(("fn:contains('abc', 'B')", False), ("fn:containsIgnoreCase('abc', 'B')", True)),
        *(("fn:startsWith('abc', 'a')", True), ("fn:endsWith('abc', 'a')", False)),
        *(("fn:substring('abcd', 1, 3)", "bc"), ("fn:substring('abc', 3, 9)", "")),
        *(("fn:substring('abc', -5, 2)", "ab"), ("fn:substring('abc', 1, -1)", "bc")),
        *(("fn:substring('abc', 2, 1)", ""), ("fn:substring('abc', 1, 99)", "bc")),
        *(("fn:substringAfter('a-b-c', '-')", "b-c"), ("fn:substringAfter('abc', '')", "abc")),
        *(("fn:substringAfter('abc', 'x')", ""), ("fn:substringBefore('a-b-c', '-')", "a")),
        *(("fn:substringBefore('abc', '')", ""), ("fn:substringBefore('abc', 'x')", "")),
        *(("fn:trim('  a ')", "a"), ("fn:replace('aba', 'a', 'x')", "xbx")),
        *(("fn:replace('aba', '', 'x')", "aba"), ("fn:replace('aba', 'a', '')", "b")),
        *(("fn:length(null)", 0), ("fn:length('abc')", 3), ("fn:length('\U0001f600')", 2)),
        *(("fn:toUpperCase(null)", ""), ("fn:toUpperCase(1.5e10)", "1.5E10")),
        *(("fn:join(fn:split('a,b;c', ',;'), '-')", "a-b-c"), ("fn:join(null, '-')", "")),
        *(("proctor:matches('abc', '[a-c]+')", True), ("proctor:matches('abc', 'b')", False)),
    ],
)
def test_a_library_function(expression, expected):
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("text", "delimiters", "pieces"),
    [
        *(("a,b,,c", ",", ["a", "b", "c"]), ("", ",", [""]), ("a,b", "", ["a,b"]), (",,", ",", [])),
        *(("a b\tc", "\t ", ["a", "b", "c"]), ("abc", "bc", ["a"]), ("a\0b", ",", ["a\0b"])),
    ],
)
def test_split_takes_each_character_as_a_delimiter(text, delimiters, pieces):
    assert value("fn:split(t, d)", t=text, d=delimiters) == StringArray(pieces)


@pytest.mark.parametrize(
    ("measured", "length"),
    [([1, 2], 2), ({"a": 1}, 1), ({1}, 1), (StringArray("ab"), 2), (LongArray(), 0)],
)
def test_a_collection_has_a_length(measured, length):
    assert value("fn:length(x)", x=measured) == length


@pytest.mark.parametrize("measured", [1, True, Character("a"), object(), 1.5])
def test_what_has_no_length_is_a_problem(measured):
    with pytest.raises(RuleEvaluationError, match=r"problem calling fn:length: .* has no length"):
        value("fn:length(x)", x=measured)


@pytest.mark.parametrize(
    ("members", "element", "expected"),
    [
        *(
            ([1, 2], 2, True),
            ([Integer(2)], 2, True),
            ([1, 2], Short(2), True),
            ([2], BigInteger(2), True),
        ),
        *(([2.0], 2, False), ([2], 2.0, False), ([2.0], 2.0, True), ([Float(2)], 2.0, False)),
        *(
            (["2"], "2", True),
            ([2], "2", False),
            (["a"], "A", False),
            ([Character("a")], "a", False),
        ),
        *(
            ([None], None, True),
            ([True], True, True),
            ([1], True, False),
            ({1, 2}, Integer(1), True),
        ),
        *(([Decimal("2.7")], 2, True), ([[1]], [1], True), ([2**64 + 1], 1, True), ([], 1, False)),
    ],
)
def test_contains_compares_whole_numbers_by_value_and_all_else_by_class(members, element, expected):
    assert value("proctor:contains(m, e)", m=members, e=element) is expected


@pytest.mark.parametrize("collection", [None, "", "abc", {"a": 1}, StringArray("a"), 5])
def test_contains_needs_a_collection(collection):
    with pytest.raises(RuleEvaluationError, match="problem calling proctor:contains"):
        value("proctor:contains(m, 1)", m=collection)


@pytest.mark.parametrize(
    ("found", "expected"), [(1, False), (2, True), (3, True), (4, False), (5, False)]
)
def test_a_range_includes_its_start_and_not_its_end(found, expected):
    assert value("proctor:inRange(x, 2, 4)", x=found) is expected


@pytest.mark.parametrize("found", [Integer(3), 3.0, "3", None, [], Decimal(3)])
def test_a_range_wants_values_of_one_class(found):
    with pytest.raises(RuleEvaluationError, match="problem calling proctor:inRange"):
        value("proctor:inRange(x, 2, 4)", x=found)


@pytest.mark.parametrize(("low", "high"), [("null", "4"), ("2", "null"), ("null", "null")])
def test_a_range_has_two_ends(low, high):
    with pytest.raises(RuleEvaluationError, match="null"):
        value(f"proctor:inRange(3, {low}, {high})")


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.9.0.0", False), ("2.0.0.0", True), ("2.x", True), ("3.0.0.0", False)],
)
def test_a_version_is_in_a_range(version, expected):
    expression = "proctor:versionInRange(v, '2.0.0.0', '3.0.0.0')"
    assert value(expression, v=ReleaseVersion(version)) is expected


@pytest.mark.parametrize(
    ("version", "start", "end"),
    [
        ("v", "2.0.0.0", "3.x"),
        ("'2.0.0.0'", "2.0.0.0", "3.0.0.0"),
        ("v", "two", "3.0.0.0"),
        ("null", "2.0.0.0", "3.0.0.0"),
    ],
)
def test_a_range_of_versions_that_makes_no_sense_is_a_problem(version, start, end):
    with pytest.raises(RuleEvaluationError, match="problem calling proctor:versionInRange"):
        value(f"proctor:versionInRange({version}, '{start}', '{end}')", v=ReleaseVersion("1.x"))


def test_a_text_is_made_a_version():
    assert value("proctor:version('1.2.x') == '1.2.x'")


def test_now_is_in_milliseconds():
    before = int(time.time() * 1000)
    assert before <= value("proctor:now()") <= int(time.time() * 1000)


@pytest.mark.parametrize("name", ["contains", "matches", "now", "version", "inRange"])
def test_indeed_is_another_name_of_proctor(name):
    assert LIBRARY[f"indeed:{name}"] is LIBRARY[f"proctor:{name}"]


T, F, U = MaybeBool.TRUE, MaybeBool.FALSE, MaybeBool.UNKNOWN


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (T, T, T, T),
        (T, F, F, T),
        (F, F, F, F),
        (T, U, U, T),
        (F, U, F, U),
        (U, U, U, U),
        (None, T, U, T),
        (None, F, F, U),
    ],
)
def test_what_is_unknown_spreads_unless_the_other_decides(left, right, both, either):
    found = (
        maybe_and(left, right),
        maybe_and(right, left),
        maybe_or(left, right),
        maybe_or(right, left),
    )
    assert found == (both, both, either, either)


@pytest.mark.parametrize(("known", "opposite"), [(T, F), (F, T), (U, U), (None, U)])
def test_the_opposite_of_unknown_is_unknown(known, opposite):
    assert maybe_not(known) is opposite


def test_three_valued_logic_is_there_for_rules():
    expression = "proctor:maybeAnd(proctor:toMaybeBool(true), proctor:maybeNot('UNKNOWN'))"
    assert value(expression) is U


@pytest.mark.parametrize("name", ["equals", "hashCode", "toString", "getClass", "notify", "wait"])
def test_a_method_of_every_object_is_found_and_fails(name):
    arguments = ", ".join(["1"] * len(LIBRARY[f"fn:{name}"].parameters))
    with pytest.raises(RuleRuntimeError, match="method of every Java object") as caught:
        value(f"fn:{name}({arguments})")
    assert caught.value.java_class == "java.lang.NullPointerException"


def test_an_argument_that_does_not_convert_names_the_function():
    with pytest.raises(
        RuleEvaluationError, match="problem calling fn:substring: cannot convert 'x'"
    ):
        value("fn:substring('abc', 'x', 1)")


def test_a_runtime_exception_in_an_argument_passes_as_it_is():
    with pytest.raises(RuleRuntimeError, match="division by zero"):
        value("fn:trim(1 % 0)")


def test_the_library_cannot_be_changed():
    with pytest.raises(TypeError):
        LIBRARY["fn:trim"] = LIBRARY["fn:length"]


# -- functions of one's own --------------------------------------------------------------


def typed(  # noqa: PLR0917 - one of each
    a: bool, b: int, c: float, d: str, e: list[str], f: dict[str, int], g: object
) -> str:
    return "text"


def test_the_types_are_read_from_the_annotations():
    function = Function.of(typed)
    assert [each.value for each in function.parameters] == [
        *("boolean", "long", "double", "String", "List", "Map", "Object")
    ]
    assert function.returns is RuleType.STRING


def test_what_is_not_annotated_is_any_object():
    function = Function.of(lambda a, b=1: a)
    assert (function.parameters, function.returns) == (
        (RuleType.OBJECT, RuleType.OBJECT),
        RuleType.OBJECT,
    )


def any_of_typing(a: Any) -> Any:
    return a


def test_any_is_any_object():
    assert Function.of(any_of_typing).parameters == (RuleType.OBJECT,)


def starred(*values):
    return 1


def keyword_only(*, a):
    return 1


def optional(a: str | None):
    return 1


def set_of_texts(a: set[str]):
    return 1


def gives_nothing() -> None:
    return None


def undefined(a: Missing):  # noqa: F821 - the name that is not there is what is tested
    return 1


def unreadable(a: "1 +"):  # noqa: F722 - so is the annotation that is no expression
    return 1


def unhashable(a: [str]):
    return 1


@pytest.mark.parametrize(
    "code",
    [
        starred,
        keyword_only,
        optional,
        set_of_texts,
        gives_nothing,
        undefined,
        unreadable,
        unhashable,
        5,
        "text",
        None,
    ],
    ids=lambda each: getattr(each, "__name__", repr(each)),
)
def test_what_cannot_be_declared_is_a_configuration_error(code):
    with pytest.raises(ConfigurationError, match="cannot be a rule function"):
        Function.of(code)


def test_arguments_are_converted_before_the_call():
    def kinds(number: int, text: str, fraction: float, flag: bool) -> str:
        return " ".join(
            java_class(each).rpartition(".")[2] for each in (number, text, fraction, flag)
        )

    rule = Rule("${my:kinds('5', 5, null, 'TRUE')}", functions={"my:kinds": kinds})
    assert rule.value({}) == "Long String Double Boolean"


def test_a_function_that_gives_a_boolean_may_be_the_whole_rule():
    def is_even(number: int) -> bool:
        return number % 2 == 0

    assert Rule("${my:even(x)}", functions={"my:even": is_even}).evaluate({"x": Integer(4)})


def test_a_function_may_be_given_ready_made():
    function = Function((RuleType.INT,), RuleType.BOOLEAN, lambda n: n > 1)
    assert Rule("${my:many('2')}", functions={"my:many": function}).evaluate({})


def test_a_function_of_ones_own_hides_one_of_the_library():
    assert Rule("${fn:trim(x)}", functions={"fn:trim": lambda x: "mine"}).value({"x": ""}) == "mine"


def test_extending_leaves_the_library_alone():
    extended(LIBRARY, {"my:f": lambda: 1})
    assert "my:f" not in LIBRARY


@pytest.mark.parametrize(
    "error", [ValueError("bad"), ZeroDivisionError("bad"), RecursionError("bad")]
)
def test_what_a_function_raises_is_a_problem_calling_it(error):
    def fail():
        raise error

    with pytest.raises(RuleEvaluationError, match=r"problem calling my:fail: \w+: bad") as caught:
        Rule("${my:fail()}", functions={"my:fail": fail}).value({})
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "name",
    [
        "f",
        ":f",
        "my:",
        "my:f:g",
        "my f:g",
        "my=f",
        "my:1",
        "my:not",
        "or:f",
        "my: f",
        "",
        "my:f(",
        "'a':b",
    ],
)
def test_a_name_that_no_rule_could_write_is_a_configuration_error(name):
    with pytest.raises(ConfigurationError, match="cannot be the name of a rule function"):
        extended(LIBRARY, {name: lambda: 1})


@pytest.mark.parametrize("name", ["my:f", "my:class", "$a:_b", "\u00e9:\u4e2d"])
def test_a_name_that_a_rule_can_write_is_taken(name):
    assert Rule(f"${{{name}()}}", functions={name: lambda: 7}).value({}) == 7


def test_an_unknown_function_comes_with_the_nearest():
    with pytest.raises(RuleSyntaxError, match=r"no function fn:tirm\(1\); did you mean fn:trim\?"):
        Rule("${fn:tirm(x)}")


def test_a_function_without_a_prefix_comes_with_the_form():
    with pytest.raises(RuleSyntaxError, match="functions are written prefix:name"):
        Rule("${qqqqqq(x)}")
