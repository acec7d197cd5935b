from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.evaluation.hashing import encode_identifier, hash_position, md5, salted_prefix
from tests.core.vectorfiles import conformance_directory, read_jsonl

#: The position of "visitor" in a test "t" with salt "s".
KNOWN_POSITION = int.from_bytes(hashlib.md5(b"t|svisitor").digest()[12:], "big", signed=True)


def position(test_name: str, salt: str | None, identifier: str) -> int:
    return hash_position(salted_prefix(test_name, salt), encode_identifier(identifier))


def test_positions_are_the_javas():
    cases = read_jsonl(conformance_directory(), "hashes.jsonl")
    wrong = [
        case
        for case in cases
        if position(case["test"], case["salt"], case["identifier"]) != case["hash"]
    ]
    assert wrong == []


def test_a_salt_is_bound_to_the_name_of_its_test():
    assert salted_prefix("checkout", "blue") == b"checkout|blue"


def test_an_empty_salt_leaves_the_name_and_the_bar():
    assert salted_prefix("checkout", "") == b"checkout|"


def test_a_missing_salt_is_the_word_null():
    assert salted_prefix("checkout", None) == b"checkout|null"


def test_a_salt_with_an_ampersand_in_front_stands_alone():
    assert salted_prefix("checkout", "&shared") == b"&shared"


@pytest.mark.parametrize("salt", [" &x", "x&"])
def test_an_ampersand_elsewhere_means_nothing(salt):
    assert salted_prefix("checkout", salt) == f"checkout|{salt}".encode()


def test_text_beyond_ascii_is_encoded_as_utf_8():
    assert encode_identifier("é中😀") == "é中😀".encode()


@pytest.mark.parametrize("lone", [0xD83D, 0xDE00], ids=hex)
def test_a_lone_surrogate_is_a_question_mark(lone):
    assert encode_identifier(f"a{chr(lone)}b") == b"a?b"


def test_two_surrogates_that_make_a_pair_are_the_character_they_stand_for():
    assert encode_identifier("a\ud83d\ude00b") == "a😀b".encode()


def test_surrogates_in_the_wrong_order_are_two_question_marks():
    assert encode_identifier("\ude00\ud83d") == b"??"


def test_halves_of_a_pair_in_salt_and_identifier_do_not_meet():
    assert salted_prefix("t", "\ud83d") + encode_identifier("\ude00") == b"t|??"


@given(st.text(st.characters(codec="utf-8")))
def test_what_utf_8_can_say_is_encoded_unchanged(text):
    assert encode_identifier(text).decode() == text


@given(st.binary(), st.binary())
def test_a_position_fits_into_32_bits(prefix, identifier):
    assert -(2**31) <= hash_position(prefix, identifier) < 2**31


@given(st.binary())
def test_the_digest_is_md5(data):
    assert md5(data).digest() == hashlib.md5(data).digest()


@pytest.mark.parametrize("implementation", ["cpython", "pypy"])
def test_an_interpreter_without_its_own_md5_gives_the_same_positions(implementation):
    code = (
        f"import sys; sys.implementation.name = {implementation!r}\n"
        "import hashlib; sys.modules['_md5'] = None\n"
        "from proctor.core.evaluation.hashing import hash_position, md5\n"
        "import functools; assert isinstance(md5, functools.partial)\n"
        "print(hash_position(b't|s', b'visitor'))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert int(result.stdout) == KNOWN_POSITION
