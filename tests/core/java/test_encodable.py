from __future__ import annotations

import json

import pytest

from proctor.core.java.encodable import encodable, encodable_json, is_encodable
from proctor.core.java.frozen import FrozenDict, freeze

HALF, OTHER_HALF, GRIN = "\ud83d", "\ude00", "\U0001f600"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        (f"é{GRIN}", f"é{GRIN}"),
        (f"Sale {HALF}", "Sale \ufffd"),
        (f"{HALF}x{OTHER_HALF}", "\ufffdx\ufffd"),
        (HALF + HALF, "\ufffd\ufffd"),
        (HALF + OTHER_HALF, GRIN),
    ],
)
def test_a_lone_surrogate_is_replaced(text, expected):
    assert encodable(text) == expected
    assert is_encodable(text) == (text == expected)


def test_all_strings_of_a_json_value_are_encodable():
    value = {"a": [HALF, 1, None], HALF: {"b": (HALF,)}}
    expected = {"a": ["\ufffd", 1, None], "\ufffd": {"b": ("\ufffd",)}}
    assert encodable_json(value) == expected
    json.dumps(encodable_json(value), ensure_ascii=False).encode()


def test_frozen_values_stay_frozen():
    made = encodable_json(freeze({"a": [{"b": HALF}]}))
    assert (type(made), type(made["a"]), type(made["a"][0])) == (FrozenDict, tuple, FrozenDict)


@pytest.mark.parametrize("value", [{"a": ["x", GRIN]}, ("x", 1.5), None, [], True])
def test_a_value_that_can_be_written_stays_the_same_object(value):
    assert encodable_json(value) is value
