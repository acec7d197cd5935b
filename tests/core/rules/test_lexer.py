"""From text to tokens."""

from __future__ import annotations

import pytest

from proctor.core.exceptions import RuleSyntaxError
from proctor.core.rules.lexer import (
    KEYWORDS,
    RESERVED,
    is_java_identifier,
    literal_end,
    literal_text,
    syntax_error,
    tokens,
)


def kinds(text):
    return [token.kind for token in tokens(text, 0)]


def single(text):
    """The only token of *text*."""
    token, end = tokens(text, 0)
    assert end.kind == "end"
    return token


@pytest.mark.parametrize("text", ["0", "7", "007", "99999999999999999999"])
def test_digits_are_an_integer_by_its_digits(text):
    assert single(text)[:2] == ("integer", text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.", 1.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.e-3", 0.001),
        ("1E+2", 100.0),
        ("1e999", float("inf")),
    ],
)
def test_a_point_or_an_exponent_makes_a_float(text, value):
    assert single(text)[:2] == ("float", value)


@pytest.mark.parametrize("text", ["1f", "1d", "1L", "0x10", "1e"])
def test_a_number_takes_no_suffix(text):
    assert kinds(text)[1] == "name"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a'", "a"),
        ('"a"', "a"),
        ("''", ""),
        ("'\"'", '"'),
        (r"'\''", "'"),
        (r'"\""', '"'),
        (r"'\\'", "\\"),
        (r"'\\n'", r"\n"),
        ("'a\nb'", "a\nb"),
        ("'${}'", "${}"),
    ],
)
def test_a_string_ends_at_its_quote_and_knows_three_escapes(text, value):
    assert single(text)[:2] == ("string", value)


@pytest.mark.parametrize("text", ["'a", '"', r"'\n'", r"'\u0041'", "'a\\"])
def test_a_string_without_end_or_with_another_escape_is_refused(text):
    with pytest.raises(RuleSyntaxError, match="is not closed, or contains an escape"):
        tokens(text, 0)


@pytest.mark.parametrize(
    ("word", "symbol"),
    [
        ("and", "&&"),
        ("or", "||"),
        ("not", "!"),
        ("eq", "=="),
        ("ne", "!="),
        ("lt", "<"),
        ("gt", ">"),
        ("le", "<="),
        ("ge", ">="),
        ("div", "/"),
        ("mod", "%"),
    ],
)
def test_an_operator_in_words_is_the_operator(word, symbol):
    assert kinds(word) == kinds(symbol) == [symbol, "end"]


@pytest.mark.parametrize(
    "word", ["AND", "Not", "android", "_", "$", "a1", "\u00e9t\u00e9", "\u4e2d"]
)
def test_other_words_are_names(word):
    assert single(word)[:2] == ("name", word)


@pytest.mark.parametrize("word", ["true", "false", "null", "empty", "instanceof"])
def test_a_keyword_is_a_kind_of_its_own(word):
    assert kinds(word) == [word, "end"]


@pytest.mark.parametrize("blank", [" ", "\t", "\r", "\n", " \n\t "])
def test_blanks_separate(blank):
    assert kinds(f"{blank}a{blank}b{blank}") == ["name", "name", "end"]


@pytest.mark.parametrize("character", ["\x0b", "\x0c", "\u00a0", "\u2003", "\x00", "\ufeff"])
def test_other_white_space_is_no_blank(character):
    with pytest.raises(RuleSyntaxError, match="has no meaning in a rule"):
        tokens(character, 0)


@pytest.mark.parametrize("character", [*"=&|;^~@{`\\", "\U0001f600", "\ud800"])
def test_a_character_that_begins_no_token_is_refused_with_its_column(character):
    with pytest.raises(RuleSyntaxError) as caught:
        tokens(f"a {character}", 0)
    assert caught.value.column == 3


@pytest.mark.parametrize(("text", "hint"), [("a = 1", "=="), ("a & b", "&&"), ("a | b", r"\|\|")])
def test_half_an_operator_comes_with_a_hint(text, hint):
    with pytest.raises(RuleSyntaxError, match=f"; write {hint}"):
        tokens(text, 0)


def test_the_closing_brace_ends_the_tokens():
    assert kinds("a} b") == ["name", "}"]


def test_a_token_knows_where_it_stands():
    assert [(each.start, each.end) for each in tokens("ab + 'c'", 0)] == [
        (0, 2),
        (3, 4),
        (5, 8),
        (8, 8),
    ]


def test_an_error_in_a_long_rule_shows_only_its_surroundings():
    text = "a " * 4000 + "= b" + " c" * 900
    message = str(syntax_error(text, 8000, "wrong"))
    assert (len(message) < 150, "= b" in message, message[:11]) == (True, True, "column 8001")


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_a_word_that_java_reserves_is_no_identifier(word):
    assert not is_java_identifier(word)


@pytest.mark.parametrize("word", ["country", "Class", "_", "$x", "\u00e9t\u00e9", "x\u0660"])
def test_other_words_are_identifiers(word):
    assert is_java_identifier(word)


@pytest.mark.parametrize("word", ["\u037e", "x\u00d7", "\u0660"])
def test_a_word_that_the_grammar_takes_may_still_be_no_java_identifier(word):
    assert not is_java_identifier(word)


def test_a_keyword_is_not_among_the_reserved_words():
    assert not KEYWORDS & RESERVED - {"instanceof"}


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("abc", 3),
        ("abc${x}", 3),
        ("a#{x}", 1),
        ("\\${x}", 5),
        ("$", 1),
        ("$$", 2),
        ("$${x}", 1),
        ("$a${x}", 2),
        ("\\", 1),
        ("\\\\${x}", 6),
        ("", 0),
    ],
)
def test_literal_text_ends_where_an_expression_begins(text, end):
    assert literal_end(text, 0) == end


@pytest.mark.parametrize(
    ("text", "read"),
    [(r"\${x}", "${x}"), (r"\#{x}", "#{x}"), (r"\$x", r"\$x"), (r"\\${", r"\${"), ("a", "a")],
)
def test_a_backslash_before_a_brace_is_dropped(text, read):
    assert literal_text(text) == read
