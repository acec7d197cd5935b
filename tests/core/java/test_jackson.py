"""Jackson's coercions, as observed in Jackson itself."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.exceptions import ConversionError
from proctor.core.java.jackson import (
    parse,
    parse_document,
    shown_json,
    to_boolean,
    to_double,
    to_integer,
    to_text,
)

NULLS = ["null", '""', '" "', '"null"', '" null "']
NO_SCALARS = ["[]", "[5]", "{}", '{"a": 1}']


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-0", 0),
        ("1.9", 1),
        ("-1.9", -1),
        ("1e3", 1000),
        ("2147483647", 2**31 - 1),
        ("2147483647.0", 2**31 - 1),
        ("-2147483648", -(2**31)),
        ('"5"', 5),
        ('" 5 "', 5),
        ('"+5"', 5),
        ('"\\u0665"', 5),
    ],
)
def test_an_int_field_takes(text, value):
    assert to_integer(parse(text)) == value


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "2147483648",
        "-2147483649",
        "2147483647.9",
        "-2147483648.5",
        "1e999",
        '"7.9"',
        '"1e3"',
        '"2147483648"',
        '"\\u00a05"',
        '"NULL"',
        '"abc"',
        *NO_SCALARS,
    ],
)
def test_an_int_field_refuses(text):
    with pytest.raises(ConversionError, match="not a 32-bit integer"):
        to_integer(parse(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775807.0", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ('"9223372036854775807"', 2**63 - 1),
    ],
)
def test_a_long_field_takes(text, value):
    assert to_integer(parse(text), 64) == value


@pytest.mark.parametrize("text", ["9223372036854775808", "9.3e18", '"9223372036854775808"'])
def test_a_long_field_refuses(text):
    with pytest.raises(ConversionError, match="not a 64-bit integer"):
        to_integer(parse(text), 64)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3.0),
        ("1.5", 1.5),
        ("1e999", math.inf),
        ("1" + 400 * "0", math.inf),
        ("-1" + 400 * "0", -math.inf),
        ('"0.5"', 0.5),
        ('" 1e3 "', 1000.0),
        ('"1d"', 1.0),
        ('"0x1p3"', 8.0),
        ('"INF"', math.inf),
        ('"-INF"', -math.inf),
        ('"Infinity"', math.inf),
        ('"-Infinity"', -math.inf),
    ],
)
def test_a_double_field_takes(text, value):
    assert to_double(parse(text)) == value


def test_a_double_field_takes_the_string_nan():
    assert math.isnan(to_double("NaN"))


@pytest.mark.parametrize("text", ["true", '"+INF"', '"abc"', '"0,5"', *NO_SCALARS])
def test_a_double_field_refuses(text):
    with pytest.raises(ConversionError, match="is not a number"):
        to_double(parse(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("0", False),
        ("-1", True),
        ("9223372036854775808", True),
        ('"true"', True),
        ('"True"', True),
        ('" TRUE "', True),
        ('"false"', False),
    ],
)
def test_a_boolean_field_takes(text, value):
    assert to_boolean(parse(text)) is value


@pytest.mark.parametrize("text", ["1.0", '"tRUE"', '"yes"', '"1"', *NO_SCALARS])
def test_a_boolean_field_refuses(text):
    with pytest.raises(ConversionError, match="is not a boolean"):
        to_boolean(parse(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ('""', ""),
        ('"null"', "null"),
        ("5", "5"),
        ("true", "true"),
        ("false", "false"),
        ("1.10", "1.10"),
        ("1e3", "1e3"),
        ("-0.0", "-0.0"),
        ("12345678901234567890123", "12345678901234567890123"),
    ],
)
def test_a_string_field_takes(text, value):
    assert to_text(parse(text)) == value


@pytest.mark.parametrize("text", NO_SCALARS)
def test_a_string_field_refuses(text):
    with pytest.raises(ConversionError, match="is not a string"):
        to_text(parse(text))


def test_a_float_of_pythons_becomes_its_shortest_text():
    assert to_text(1.10) == "1.1"


def test_an_integer_without_end_is_no_text():
    with pytest.raises(ConversionError, match="too many digits"):
        to_text(10**5000)


@pytest.mark.parametrize("convert", [to_integer, to_double, to_boolean])
@pytest.mark.parametrize("text", NULLS)
def test_blanks_and_the_word_null_are_null(convert, text):
    assert convert(parse(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "nope",
        "{",
        "[1,]",
        '{"a":1,}',
        "{'a':1}",
        "/* c */ {}",
        "[1 // c\n]",
        "[01]",
        "[+1]",
        "[.5]",
        "[1.]",
        '["\t"]',
    ],
)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ConversionError, match="not valid JSON"):
        parse(text)


@pytest.mark.parametrize("text", ["NaN", '{"a": Infinity}', "[-Infinity]"])
def test_words_for_numbers_are_no_json(text):
    with pytest.raises(ConversionError, match="is not valid JSON"):
        parse(text)


def test_a_byte_order_mark_is_named():
    with pytest.raises(ConversionError, match="byte-order mark"):
        parse("\ufeff{}")


def test_text_after_the_value_is_not_looked_at():
    assert parse(' \t\r\n{"a": 1} trailing') == {"a": 1}


def test_bytes_after_the_value_are_not_looked_at():
    assert parse_document(b'{"a": "\xc3\xa9"} \xff\xfe') == {"a": "\xe9"}


@pytest.mark.parametrize("content", [b'{"a": "\xff"}', b'{"a": 1 \xff}', b"\xff", b"{\xc3"])
def test_bytes_that_are_no_utf_8_are_refused(content):
    with pytest.raises(ConversionError, match=r"not UTF-8: .*; save the file as UTF-8"):
        parse_document(content)


def test_the_last_of_repeated_keys_wins():
    assert parse('{"a": 1, "a": 2}') == {"a": 2}


def test_repeated_keys_are_all_kept_beside():
    assert parse('{"a": 1, "b": [], "a": 2}').pairs == [("a", 1), ("b", []), ("a", 2)]


def test_nesting_without_end_is_refused():
    with pytest.raises(ConversionError, match="nested too deeply"):
        parse("[" * 100_000)


def test_an_integer_of_thousands_of_digits_is_refused():
    with pytest.raises(ConversionError, match="has 5000 digits"):
        parse("1" * 5000)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ConversionError):
        parse(text)


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False), st.integers())
def test_what_python_writes_is_read_as_it_was(text, number, integer):
    value = [text, number, integer]
    assert parse(json.dumps(value)) == value


def test_a_long_value_is_cut_for_a_message():
    assert len(shown_json("x" * 1000)) == 80


def test_a_value_that_python_cannot_print_is_named_by_its_type():
    assert shown_json(10**5000) == "a value of type int that cannot be shown"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": 1,\n}', "trailing comma at line 1, column 8"),
        ("[1,\n 2 , ]", "trailing comma at line 2, column 4"),
        ('{"a": "x,]", "b": {"c": [1,]}}', "trailing comma at line 1, column 27"),
        ('{"tests": {"a": {},\n}, }', "trailing comma at line 1, column 19"),
    ],
)
def test_a_trailing_comma_is_named_with_its_place(text, place):
    with pytest.raises(ConversionError, match=f"not valid JSON: {place}$"):
        parse(text)


@pytest.mark.parametrize("text", ["[1, 2", '{"a": ,]}', "[,]", '{"a": x,}'])
def test_another_fault_is_no_trailing_comma(text):
    with pytest.raises(ConversionError) as raised:
        parse(text)
    assert "trailing comma" not in str(raised.value)
