from __future__ import annotations

import pytest

from proctor.core.exceptions import MatrixLoadError
from proctor.core.matrices.documents import Fields, written


def test_what_nobody_asked_for_is_unknown():
    fields = Fields({"a": 1, "b": [2]})
    fields.integer("a")
    assert fields.unknown() == {"b": (2,)}


def test_what_was_asked_for_and_is_there_is_given():
    fields = Fields({"a": 1, "b": [2]})
    fields.integer("a")
    fields.text("missing")
    assert fields.given() == {"a"}


def test_an_error_says_where_it_stands():
    fields = Fields({"a": [{"b": {"c": "x"}}]}, owner="test 't'")
    with pytest.raises(MatrixLoadError, match=r"^test 't', a\[0\]\.b\.c: 'x' is not a boolean"):
        fields.objects("a", lambda a: a.object("b", lambda b: b.boolean("c")))


def test_an_object_that_is_missing_is_none():
    assert Fields({}).object("a", lambda a: a) is None


def test_a_default_that_the_original_left_out_is_not_written():
    fields = {"a": 0, "b": None, "c": 1}
    assert written(fields, frozenset({"a"}), {}) == {"a": 0, "c": 1}


def test_every_field_is_written_where_there_is_no_original():
    assert written({"a": 0, "b": None}, None, {"x": 1}) == {"a": 0, "b": None, "x": 1}
