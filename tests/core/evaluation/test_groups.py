from __future__ import annotations

import copy
import pickle

import pytest

from proctor.core.evaluation.groups import GroupAssignment, Groups, Property, Reason
from proctor.core.exceptions import UndefinedName

BLUE = GroupAssignment(
    "blue",
    1,
    "#2B60DE",
    allocation_id="#A1",
    allocation_index=0,
    payload_type="stringValue",
    version="3",
    log_entry="#A1:buttoncolortst1",
)


def test_the_repr_shows_group_value_and_payload():
    assert repr(BLUE) == "GroupAssignment(group='blue', value=1, payload='#2B60DE')"


@pytest.mark.parametrize("name", ["group", "value", "payload", "reason", "forced", "new"])
def test_an_assignment_cannot_be_changed(name):
    with pytest.raises(AttributeError, match=f"cannot set '{name}': .* immutable"):
        setattr(BLUE, name, None)
    with pytest.raises(AttributeError, match=f"cannot delete '{name}': .* immutable"):
        delattr(BLUE, name)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_assignment_can_be_pickled(protocol):
    twin = pickle.loads(pickle.dumps(BLUE, protocol))
    assert twin == BLUE
    assert twin.log_entry == BLUE.log_entry


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_an_assignment_can_be_copied(duplicate):
    assert duplicate(BLUE) == BLUE


def test_equal_assignments_have_one_hash():
    assert hash(copy.copy(BLUE)) == hash(BLUE)


def test_an_assignment_with_an_unhashable_payload_has_a_hash():
    first, second = (GroupAssignment("blue", 1, {"a": []}) for _ in range(2))
    assert hash(first) == hash(second)


@pytest.mark.parametrize(
    "other",
    [
        GroupAssignment("blue", 1),
        GroupAssignment("blue", 2, "#2B60DE"),
        GroupAssignment("blue", 1, "#2B60DE", reason=Reason.FORCED),
        ["blue", 1, "#2B60DE"],
        None,
    ],
)
def test_assignments_that_differ_in_a_field_are_not_equal(other):
    assert other != BLUE


def test_only_who_asked_for_a_group_is_forced():
    forced = {reason for reason in Reason if GroupAssignment("a", 0, reason=reason).forced}
    assert forced == {Reason.FORCED}


def test_without_its_payload_an_assignment_is_otherwise_the_same():
    bare = BLUE.without_payload()
    assert (bare.payload, bare.payload_type) == (None, None)
    assert (bare.group, bare.version, bare.log_entry) == ("blue", "3", BLUE.log_entry)


# -- groups -------------------------------------------------------------------------------


def groups(**more):
    return Groups(
        {
            "zeta": GroupAssignment("control", 0, log_entry="#Z:zeta0"),
            "buttoncolortst": BLUE,
            "off": GroupAssignment("inactive", -1),
        },
        **more,
    )


def test_groups_are_a_mapping_in_the_order_of_the_names():
    assert list(groups()) == ["buttoncolortst", "off", "zeta"]
    assert [each.value for each in groups().values()] == [1, -1, 0]
    assert len(groups()) == 3


def test_a_test_without_a_group_is_not_there():
    assert "other" not in groups()
    assert groups().get("other") is None
    with pytest.raises(KeyError):
        groups()["other"]


def test_groups_are_equal_to_a_dict_of_the_same():
    assert groups() == dict(groups())


@pytest.mark.parametrize("name", ["errors", "properties", "variable_errors", "unlogged", "new"])
def test_groups_cannot_be_changed(name):
    with pytest.raises(AttributeError):
        setattr(groups(), name, {})


@pytest.mark.parametrize("name", ["errors", "properties", "variable_errors"])
def test_what_groups_tell_besides_cannot_be_changed(name):
    with pytest.raises(TypeError):
        getattr(groups(**{name: {"a": 1}}), name)["b"] = 2


def test_a_group_cannot_be_replaced():
    with pytest.raises(TypeError):
        groups()["off"] = BLUE


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))]
)
def test_groups_can_be_copied_with_all_they_know(duplicate):
    known = groups(
        errors={"a": UndefinedName("x")},
        properties={"p": Property(1, "zeta")},
        variable_errors={"v": "bad"},
        unlogged=frozenset({"zeta"}),
    )
    twin = duplicate(known)
    assert twin == known
    assert twin.properties == known.properties
    assert twin.variable_errors == known.variable_errors
    assert twin.unlogged == known.unlogged
    assert str(twin.errors["a"]) == "x"


def test_the_older_log_line_has_values_of_0_or_more():
    assert str(groups()) == "buttoncolortst1,zeta0"
    assert groups().group_strings() == ["buttoncolortst1", "zeta0"]


def test_the_newer_log_line_has_the_allocation_ids():
    assert groups().logging_string() == "#A1:buttoncolortst1,#Z:zeta0"


def test_the_newer_log_line_leaves_out_what_is_unlogged():
    assert groups(unlogged=frozenset({"zeta"})).logging_string() == "#A1:buttoncolortst1"


def test_of_no_groups_both_log_lines_are_empty():
    assert (str(Groups({})), Groups({}).logging_string()) == ("", "")


def test_the_repr_of_groups_shows_every_group():
    assert repr(Groups({"a": GroupAssignment("b", 0)})) == (
        "Groups({'a': GroupAssignment(group='b', value=0, payload=None)})"
    )


@pytest.mark.parametrize(
    ("value", "truth"), [(1, True), (7, True), (0, False), (-1, False), (None, False)]
)
def test_an_assignment_is_true_if_its_value_is_above_zero(value, truth):
    assert bool(GroupAssignment("x", value)) is truth


def test_an_assignment_never_equals_a_str_and_warns_that_group_was_meant():
    with pytest.warns(UserWarning, match=r"assignment\.group == 'blue'"):
        assert not GroupAssignment("blue", 1) == "blue"  # noqa: SIM201
    with pytest.warns(UserWarning, match=r"compare its group"):
        assert GroupAssignment("blue", 1) != "blue"


@pytest.mark.parametrize(
    ("group", "value", "field"),
    [
        (1, 1, "group"),
        (b"blue", 1, "group"),
        *(("blue", each, "value") for each in ("1", 1.5, True)),
    ],
)
def test_a_field_of_the_wrong_type_is_an_error_that_names_it(group, value, field):
    with pytest.raises(TypeError, match=f"GroupAssignment: expected {field} as"):
        GroupAssignment(group, value)


def test_the_warning_shows_only_the_start_of_a_long_text():
    with pytest.warns(UserWarning, match=r"\.\.\.$") as found:
        assert GroupAssignment("blue", 1) != "x" * 1_000_000
    assert len(str(found[0].message)) < 200


@pytest.mark.parametrize("other", [("blue", 1, None), ()])
def test_an_assignment_never_equals_a_tuple_as_it_did_in_version_1(other):
    with pytest.warns(UserWarning, match=r"compare its group, value or payload"):
        assert GroupAssignment("blue", 1) != other


def test_an_assignment_compares_with_other_things_without_a_warning():
    assert GroupAssignment("blue", 1) != 1
    assert GroupAssignment("blue", 1) == GroupAssignment("blue", 1)
