from __future__ import annotations

import copy
import pickle

import pytest

from proctor.core.declarations.proctor_test import ProctorTest
from proctor.core.declarations.registry import Registry
from proctor.core.evaluation.groups import GroupAssignment, Reason
from proctor.core.exceptions import ConfigurationError

BUTTON = ProctorTest("buttoncolortst", groups=("control", "blue"), default="control", payload=str)
ROLLOUT = ProctorTest("newfeaturerollout", {"inactive": -1, "active": 1}, "inactive")


class TestProctorTest:
    def test_it_cannot_be_changed(self):
        with pytest.raises(AttributeError, match="is immutable"):
            BUTTON.default = "blue"

    def test_what_its_groups_were_made_of_may_change(self):
        groups = {"inactive": -1}
        test = ProctorTest("t", groups)
        groups["active"] = 1
        assert dict(test.groups) == {"inactive": -1}

    def test_two_that_say_the_same_are_equal(self):
        assert ProctorTest("t", ["a"], "a", str) == ProctorTest("t", ("a",), "a", str)

    def test_two_that_differ_in_the_default_are_not(self):
        assert ProctorTest("t", ["a", "b"], "a") != ProctorTest("t", ["a", "b"], "b")

    @pytest.mark.parametrize("test", [BUTTON, ROLLOUT])
    @pytest.mark.parametrize(
        "copied", [copy.copy, copy.deepcopy, lambda test: pickle.loads(pickle.dumps(test))]
    )
    def test_a_copy_is_equal(self, test, copied):
        assert copied(test) == test

    def test_its_repr_is_what_one_writes(self):
        assert repr(ProctorTest("t", ("a",), "a")) == "ProctorTest('t', groups=('a',), default='a')"

    @pytest.mark.parametrize(
        ("payload", "expected"),
        [
            (None, None),
            (str, "stringValue"),
            (int, "longValue"),
            (float, "doubleValue"),
            (list[str], "stringArray"),
            (list[int], "longArray"),
            (list[float], "doubleArray"),
            (dict, "map"),
            ("json", "json"),
        ],
    )
    def test_the_payload_is_a_python_type_or_a_key_of_proctors(self, payload, expected):
        assert ProctorTest("t", payload=payload).payload_type == expected

    def test_a_default_has_the_declared_value_and_says_why_it_is_there(self):
        default = ROLLOUT.default_for(Reason.NO_GROUP)
        assert (default.group, default.value, default.payload, default.reason) == (
            "inactive",
            -1,
            None,
            Reason.NO_GROUP,
        )

    def test_without_a_default_there_is_no_group(self):
        default = ProctorTest("t").default_for(Reason.NO_SOURCE)
        assert (default.group, default.value) == (None, None)

    def test_a_payload_of_another_type_is_not_accepted(self):
        assignment = GroupAssignment("blue", 1, 5, payload_type="longValue")
        assert not BUTTON.accepts_payload(assignment)

    @pytest.mark.parametrize("payload_type", ["map", "json"])
    def test_a_dict_may_come_as_either_of_two_types(self, payload_type):
        assignment = GroupAssignment("a", 1, {"k": 1}, payload_type=payload_type)
        assert ProctorTest("t", payload=dict).accepts_payload(assignment)

    def test_a_list_is_no_dict(self):
        assignment = GroupAssignment("a", 1, (1,), payload_type="json")
        assert not ProctorTest("t", payload=dict).accepts_payload(assignment)


class TestRegistry:
    @pytest.mark.parametrize(
        "declared",
        [
            ("legacytst", BUTTON),
            ["legacytst", BUTTON],
            {
                "legacytst": {},
                "buttoncolortst": {
                    "groups": ["control", "blue"],
                    "default": "control",
                    "payload": str,
                },
            },
            {"legacytst": None, "buttoncolortst": BUTTON},
        ],
    )
    def test_each_form_says_the_same(self, declared):
        assert dict(Registry(declared)) == {
            "legacytst": ProctorTest("legacytst"),
            BUTTON.name: BUTTON,
        }

    def test_it_keeps_the_order_of_the_declaration(self):
        assert list(Registry(("b", "a"))) == ["b", "a"]

    @pytest.mark.parametrize(
        ("declared", "message"),
        [
            ("buttoncolortst", "needs a comma"),
            (("t", "t"), "declared twice"),
            ((5,), "write a name or ProctorTest"),
            (5, "write a tuple, a list or a dict"),
            ({"t": {"group": ["a"]}}, "did you mean 'groups'"),
            ((ProctorTest("t", groups="a"),), "needs a comma"),
            ((ProctorTest("t", groups=("a", "b"), default="c"),), "not among its groups"),
            ((ProctorTest("t", groups={"a": "1"}),), "whole number"),
            ((ProctorTest("t", payload=set),), "declares the payload"),
            ((ProctorTest(""),), "expected a test name"),
        ],
    )
    def test_what_makes_no_sense_is_named_with_the_way_out(self, declared, message):
        with pytest.raises(ConfigurationError, match=message):
            Registry(declared)

    def test_everything_that_is_wrong_is_said_at_once(self):
        with pytest.raises(ConfigurationError, match=r"'c'.*'d'"):
            Registry(
                (
                    ProctorTest("t", groups=("a",), default="c"),
                    ProctorTest("u", groups=("a",), default="d"),
                )
            )

    def test_the_nearest_name_is_found(self):
        assert "'buttoncolortst'" in Registry((BUTTON, ROLLOUT)).hint("buttoncolourtst")
