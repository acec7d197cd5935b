from __future__ import annotations

import contextlib
import enum
import math
import struct
import uuid
from collections import UserString
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from proctor.core.exceptions import ConfigurationError, ConversionError
from proctor.core.java.context_types import MISSING, pipet_type, specification_type
from proctor.core.java.numerals import parse_double
from proctor.core.java.values import BigInteger, Byte, Character, Float, Integer, Short

WHOLE = {"byte": (Byte, 8), "short": (Short, 16), "int": (Integer, 32), "long": (int, 64)}
ALL_NAMES = [
    *("byte", "short", "int", "long", "float", "double", "boolean", "char", "string"),
    *("Byte", "Short", "Integer", "Long", "Float", "Double", "Boolean", "Character", "String"),
    *("java.lang.Byte", "java.lang.Integer", "java.lang.Character", "java.lang.String"),
    *("list", "map", "json"),
]


class Colour(enum.IntEnum):
    RED = 3


class Size(str, enum.Enum):
    LARGE = "L"


class Loud(str):
    __slots__ = ()

    def __str__(self) -> str:
        return self.upper()


class Unspeakable:
    def __str__(self) -> str:
        raise KeyError("no")

    __repr__ = __str__


class LazyText:
    """An object with the methods of a str that is not a str, like Django's lazy translations."""

    def casefold(self) -> str:
        return "spät"

    def __str__(self) -> str:
        return "spät"


def converted(name: str, value: object) -> tuple[type, object]:
    result = pipet_type(name).convert(value)
    return type(result), result


def reason(name: str, value: object) -> str:
    with pytest.raises(ConversionError) as caught:
        pipet_type(name).convert(value)
    return caught.value.reason


# Names


@pytest.mark.parametrize("name", ALL_NAMES)
def test_a_type_keeps_the_name_under_which_it_was_declared(name):
    assert pipet_type(name).name == name


@pytest.mark.parametrize(
    ("name", "java_class"),
    [
        ("int", "java.lang.Integer"),
        ("Integer", "java.lang.Integer"),
        ("java.lang.Integer", "java.lang.Integer"),
        ("char", "java.lang.Character"),
        ("string", "java.lang.String"),
        ("list", "java.util.ArrayList"),
        ("map", "java.util.HashMap"),
    ],
)
def test_a_type_has_the_canonical_name_of_its_class(name, java_class):
    assert pipet_type(name).java_class == java_class


@pytest.mark.parametrize(
    "name", ["integer", "INT", "str", "bool", "java.lang.int", "java.lang.string", "Date", "", "["]
)
def test_pipet_knows_no_other_names(name):
    with pytest.raises(ConfigurationError):
        pipet_type(name)


def test_an_unknown_type_is_told_with_the_nearest_one():
    with pytest.raises(ConfigurationError, match=r"'Strng'.*did you mean 'String'"):
        pipet_type("Strng")


def test_user_agent_without_a_parser_says_what_to_install():
    with pytest.raises(ConfigurationError, match=r"django-proctor\[useragent\]"):
        pipet_type("UserAgent")


def test_user_agent_is_what_the_parser_makes_of_the_text():
    assert pipet_type("UserAgent", user_agent=str.upper).convert("mozilla") == "MOZILLA"


def test_an_error_of_the_parser_is_a_conversion_error():
    agent = pipet_type("UserAgent", user_agent=int)
    with pytest.raises(ConversionError, match="ValueError"):
        agent.convert("mozilla")


# Samples


@pytest.mark.parametrize("name", ["int", "Integer", "boolean", "char", "Double", "json"])
def test_types_of_pipet_have_no_sample(name):
    assert pipet_type(name).sample is MISSING


@pytest.mark.parametrize(("name", "sample"), [("String", ""), ("list", []), ("map", {})])
def test_strings_and_collections_of_pipet_have_an_empty_sample(name, sample):
    assert pipet_type(name).sample == sample


@pytest.mark.parametrize(
    ("name", "kind", "sample"),
    [
        ("int", Integer, 0),
        ("INTEGER", Integer, 0),
        ("Long", int, 0),
        ("short", Short, 0),
        ("byte", Byte, 0),
        ("Double", float, 0.0),
        ("boolean", bool, True),
        ("Bool", bool, True),
        ("String", str, ""),
        ("char", str, ""),
        ("Character", str, ""),
        ("java.lang.String", str, ""),
        ("java.util.ArrayList", list, []),
        ("java.util.HashSet", set, set()),
        ("java.util.TreeMap", dict, {}),
    ],
)
def test_a_specifications_type_has_a_sample_of_its_kind(name, kind, sample):
    found = specification_type(name).sample
    assert (type(found), found) == (kind, sample)


@pytest.mark.parametrize(
    "name",
    [
        *("float", "Float", "java.lang.Integer", "java.lang.Boolean", "java.lang.Number"),
        *("java.util.List", "com.example.Unknown", "java.lang.string", "list", ""),
    ],
)
def test_wrappers_interfaces_and_unknown_classes_have_no_sample(name):
    assert specification_type(name).sample is MISSING


def test_an_enumerations_sample_is_its_first_constant():
    assert specification_type("java.util.concurrent.TimeUnit").sample.name == "NANOSECONDS"


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("Integer", "5", Integer(5)),
        ("java.lang.Short", "5", Short(5)),
        ("float", "1.5", Float(1.5)),
        ("bool", "1", True),
        ("java.util.LinkedList", ("a",), ["a"]),
        ("java.util.Set", ["a", "a"], {"a"}),
        ("com.example.Unknown", 5, Integer(5)),
    ],
)
def test_a_specifications_type_converts_as_its_simple_name_says(name, raw, value):
    found = specification_type(name).convert(raw)
    assert (type(found), found) == (type(value), value)


# Conversion


@pytest.mark.parametrize("name", ALL_NAMES)
def test_none_stays_none(name):
    assert pipet_type(name).convert(None) is None


@given(st.sampled_from(sorted(WHOLE)), st.integers(-(2**70), 2**70))
@example("int", 2**31)
@example("int", -(2**31))
@example("byte", 128)
def test_whole_numbers_are_taken_within_the_bits_of_their_type(name, number):
    cls, bits = WHOLE[name]
    if -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        assert converted(name, number) == (cls, number)
    else:
        assert reason(name, number) == "NumberFormatException"


@given(st.sampled_from(sorted(WHOLE)), st.integers(-(2**70), 2**70))
def test_a_whole_number_and_its_text_are_converted_alike(name, number):
    def outcome(value):
        try:
            return converted(name, value)
        except ConversionError as error:
            return error.reason

    assert outcome(number) == outcome(str(number))


@pytest.mark.parametrize(("text", "number"), [("+5", 5), ("007", 7), ("٣", 3), ("-0", 0)])
def test_a_sign_leading_zeros_and_digits_of_any_script_are_numbers(text, number):
    assert converted("int", text) == (Integer, number)


@pytest.mark.parametrize("text", ["", " 5", "5 ", "5.0", "1e3", "0x10", "1_000", "5L", "--5", "𝟓"])
def test_other_texts_are_no_whole_numbers(text):
    assert reason("int", text) == "NumberFormatException"


@pytest.mark.parametrize("value", [True, 5.0, Decimal("5.0"), [], object()])
def test_what_is_no_whole_number_as_text_is_none_as_an_object(value):
    assert reason("long", value) == "NumberFormatException"


def test_a_decimal_without_a_fraction_is_a_whole_number():
    assert converted("int", Decimal(5)) == (Integer, 5)


def test_a_huge_whole_number_is_refused_like_any_other_that_is_too_large():
    assert reason("long", 10**10_000) == "NumberFormatException"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (" 1.5\t", 1.5),
        ("1d", 1.0),
        ("1F", 1.0),
        ("0x1.8p1", 3.0),
        ("1e400", math.inf),
        ("-Infinity", -math.inf),
    ],
)
def test_doubles_are_read_as_java_reads_them(text, number):
    assert converted("double", text) == (float, number)


@pytest.mark.parametrize("text", ["", "infinity", "nan", "1,5", "1_0", "0x10", "x"])
def test_other_texts_are_no_doubles(text):
    assert reason("double", text) == "NumberFormatException"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_and_its_text_are_converted_alike(number):
    assert converted("double", number) == converted("double", str(number))


def test_a_whole_number_beyond_a_double_is_infinite():
    assert pipet_type("double").convert(-(10**400)) == -math.inf


def test_not_a_number_of_python_is_taken_as_it_is():
    assert math.isnan(pipet_type("Float").convert(math.nan))


def neighbours(number: Fraction) -> list[float]:
    """Single-precision numbers near *number*, by adjacent bit patterns."""
    (bits,) = struct.unpack("I", struct.pack("f", abs(float(number))))
    patterns = range(max(bits - 2, 0), bits + 3)
    singles = [struct.unpack("f", struct.pack("I", pattern))[0] for pattern in patterns]
    return [-single for single in singles] if number < 0 else singles


@given(st.decimals(-1000, 1000, places=12).filter(bool))
@example(Decimal("16777217.0000000000001"))
@example(Decimal("1.00000017881393432617187499"))
@example(Decimal("1.00000017881393432617187500001"))
@example(Decimal("-1.00000005960464477539062501"))
def test_a_float_is_the_single_nearest_to_the_text(number):
    exact = Fraction(number)
    found = pipet_type("float").convert(f"{number:f}")
    assert abs(Fraction(found) - exact) == min(abs(Fraction(n) - exact) for n in neighbours(exact))


def test_a_hexadecimal_float_is_rounded_once():
    assert pipet_type("float").convert("0x1.00000100000000000001p0") == 1 + 2**-23


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_and_its_text_are_converted_alike(number):
    assert converted("float", number) == converted("float", str(number))


@pytest.mark.parametrize("value", [True, 1, "1", "true", "TRUE", "tRuE", Loud("true")])
def test_what_boolean_takes_for_true(value):
    assert pipet_type("boolean").convert(value) is True


@pytest.mark.parametrize("value", [False, 0, 2, 1.0, "", "yes", " true", "01", [], {}, ["x"]])
def test_all_else_is_false_and_no_error(value):
    assert pipet_type("boolean").convert(value) is False


@given(st.characters())
def test_a_character_is_one_unit_of_utf_16(char):
    if char > "\uffff":
        assert reason("char", char) == "Parameter was length 2 but expecting length 1."
    else:
        assert converted("char", char) == (Character, char)


@pytest.mark.parametrize(("text", "length"), [("", 0), ("ab", 2), ("a\U0001f600", 3)])
def test_other_lengths_are_no_character(text, length):
    assert reason("char", text) == f"Parameter was length {length} but expecting length 1."


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("US", "US"),
        (Loud("us"), "us"),
        (Size.LARGE, "L"),
        (Colour.RED, "3"),
        (True, "True"),
        (1.5, "1.5"),
        (UserString("x"), "x"),
        (LazyText(), "spät"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    ],
)
def test_a_string_is_a_plain_str_of_what_the_value_holds(value, text):
    assert converted("String", value) == (str, text)


@pytest.mark.parametrize("name", [name for name in ALL_NAMES if name != "json"])
def test_a_value_without_a_text_is_a_conversion_error(name):
    with pytest.raises(ConversionError):
        pipet_type(name).convert(Unspeakable())


def test_the_error_names_the_value_the_type_and_the_reason():
    with pytest.raises(ConversionError) as caught:
        pipet_type("int").convert("abc")
    assert str(caught.value) == (
        "'abc' cannot be converted to java.lang.Integer (declared as 'int'): NumberFormatException"
    )


def test_the_error_cuts_a_long_value():
    with pytest.raises(ConversionError) as caught:
        pipet_type("int").convert("a" * 10_000)
    assert len(str(caught.value)) < 250


# As Jackson reads JSON


@given(st.integers(-(2**70), 2**70))
@example(2**31)
@example(-(2**63) - 1)
def test_whole_numbers_of_json_are_of_the_smallest_kind_that_holds_them(number):
    kinds = [(Integer, 31), (int, 63)]
    kind = next((cls for cls, bits in kinds if -(2**bits) <= number < 2**bits), BigInteger)
    assert converted("json", number) == (kind, number)


@pytest.mark.parametrize("value", [True, 1.5, "x", Short(3), Character("c"), Decimal("1.5")])
def test_values_of_a_kind_of_javas_keep_it(value):
    assert converted("json", value) == (type(value), value)


def test_members_of_collections_are_converted_too():
    result = pipet_type("map").convert({1: (Size.LARGE, [2**40]), "b": {"c": {5}}})
    assert result == {"1": ["L", [2**40]], "b": {"c": [5]}}
    assert type(result["b"]["c"][0]) is Integer


def test_a_lazy_text_is_a_str():
    assert converted("json", LazyText()) == (str, "spät")


def test_other_objects_are_passed_on():
    value = object()
    assert pipet_type("json").convert(value) is value


@pytest.mark.parametrize("value", ["a,b", b"ab", {"a": 1}, 5, iter([1])])
def test_what_is_no_list_is_refused_as_one(value):
    assert reason("list", value).startswith("expected a list, got ")


@pytest.mark.parametrize("value", ["{}", [("a", 1)], 5])
def test_what_is_no_mapping_is_refused_as_a_map(value):
    assert reason("map", value).startswith("expected a map, got ")


def test_a_list_that_contains_itself_is_refused():
    endless: list[object] = []
    endless.append(endless)
    assert "contains itself" in reason("list", endless)


# For engines


@given(st.sampled_from(ALL_NAMES), st.one_of(st.text(), st.integers(), st.floats(), st.booleans()))
def test_a_converted_value_is_of_the_class_that_the_type_tells(name, value):
    kind = pipet_type(name)
    try:
        result = kind.convert(value)
    except ConversionError:
        assume(False)
    assert kind.python_type in (None, type(result))


@given(st.sampled_from(ALL_NAMES), st.text(alphabet="0123456789+-.eExXpPdDfFNaIty \u0663"))
def test_converting_text_never_fails_otherwise_than_by_a_conversion_error(name, text):
    with contextlib.suppress(ConversionError):
        pipet_type(name).convert(text)


@given(st.text(alphabet="0123456789.eE-"))
def test_a_float_is_refused_where_a_double_is(text):
    try:
        double = parse_double(text)
    except ValueError:
        assert reason("float", text) == "NumberFormatException"
    else:
        assert math.isclose(
            pipet_type("float").convert(text), Float(double), rel_tol=1e-6, abs_tol=2e-45
        )
