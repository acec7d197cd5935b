from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import re
from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.inputs.force_groups import (
    MAX_LENGTH,
    MAX_TESTS,
    DefaultMode,
    ForceGroups,
    apply_payload,
)
from proctor.core.java.frozen import freeze
from proctor.core.matrices.payloads import Payload
from tests.core.vectorfiles import conformance_directory, read_jsonl, read_matrix_text

# The grammar as one regular expression, which is how the Java has it: the definition for
# short texts. On long ones it could take for ever.
SCALAR = r'(?:-?[0-9]+\.?[0-9]*|"(?:\\.|[^"\\])*")'
BLANK = r"[ \t\n\x0b\f\r]*"
ARRAY = rf"\[(?:{BLANK}{SCALAR}(?:{BLANK},{BLANK}{SCALAR})*)?\]"
ITEM = rf'"(?:\\.|[^"\\])*"{BLANK}:{BLANK}(?:{SCALAR}|{ARRAY})'
MAP = rf"\{{(?:{BLANK}{ITEM}(?:{BLANK},{BLANK}{ITEM})*)?\}}"
GRAMMAR = re.compile(rf"\w+-?\d+(?:;\w+:(?:{SCALAR}|{ARRAY}|{MAP}))?|[a-z_]+", re.ASCII)


def groups_by_the_grammar(text):
    groups = {}
    for match in GRAMMAR.finditer(text):
        if text[match.end() : match.end() + 1] not in ("", ","):
            continue
        group = match[0].partition(";")[0]
        stem = group.rstrip("0123456789")
        if stem != group and len(stem) > 1:
            name = stem.removesuffix("-")
            groups[name] = int(group[len(name) :])
    return groups


def payload_of(text):
    """The forced payload for the test ab."""
    return ForceGroups.parse(f"ab1;{text}", ["ab"]).payloads.get("ab")


def bucket_payload(document):
    (kind, value), *_ = document.items()
    return Payload(kind, freeze(value))


def vectors():
    return read_jsonl(conformance_directory(), "forcegroups.jsonl")


# The Java's answers


def test_texts_are_read_as_the_java_reads_them():
    for case in vectors():
        force = ForceGroups.parse(case["force_groups"], case["force_payload_tests"])
        payloads = {name: payload.to_dict() for name, payload in force.payloads.items()}
        assert force.groups == case["force_groups_parsed"], case
        assert payloads == case["force_payloads"], case
        assert force.default_mode.name == case["default_mode"], case
        assert force.is_empty == case["is_empty"], case


def test_texts_are_written_as_the_java_writes_them():
    for case in vectors():
        if "generated" in case:
            force = ForceGroups.parse(case["force_groups"], case["force_payload_tests"])
            assert str(force) == case["generated"], case
            assert force.cookie_value() == case["generated_cookie"], case


@pytest.mark.parametrize("name", ["payloads", "force_groups"])
def test_forced_payloads_are_taken_where_the_java_takes_them(name):
    directory = conformance_directory()
    definitions = json.loads(read_matrix_text(directory, f"matrices/{name}.json"))["tests"]
    compared = 0
    _header, *cases = read_jsonl(directory, f"assignments/{name}.jsonl")
    for case in cases:
        force = ForceGroups.parse(case.get("force_groups"), case.get("force_payload_tests", ()))
        for test, forced in force.payloads.items():
            group = case["groups"].get(test)
            buckets = definitions[test]["buckets"]
            own = [item for item in buckets if item["value"] == force.groups[test]]
            if group and own and "payload" in own[0] and isinstance(own[0]["payload"], dict):
                applied = apply_payload(bucket_payload(own[0]["payload"]), forced)
                assert applied.to_dict() == group["payload"], case
                compared += 1
    assert compared > 5


# Entries


@given(st.text("aB_1-,; .é", max_size=20))
def test_words_are_cut_as_the_grammar_says(text):
    assert ForceGroups.parse(text).groups == groups_by_the_grammar(text)


@given(
    st.lists(
        st.sampled_from(
            [
                *["ab1", "cd-2", "ef3", ";", "m:", "map:", "5", "5.", "-", "\\", '"', '"x"'],
                *["[", "]", "{", "}", ",", ":", " ", "\t", "[1,2]", '{"k":1}'],
            ]
        ),
        max_size=14,
    ).map("".join)
)
def test_payloads_are_cut_as_the_grammar_says(text):
    assert ForceGroups.parse(text).groups == groups_by_the_grammar(text)


@pytest.mark.parametrize("text", [None, "", " ", ",,,", "foo", "1", "-1", "é1", "%61%31"])
def test_nothing_is_forced_by(text):
    assert ForceGroups.parse(text).is_empty


def test_groups_stand_between_commas():
    assert ForceGroups.parse("checkout2,banner-1").groups == {"checkout": 2, "banner": -1}


def test_what_stands_before_an_entry_does_not_matter():
    assert ForceGroups.parse("x; checkout2").groups == {"checkout": 2}


def test_an_entry_with_something_behind_it_is_lost():
    assert ForceGroups.parse("checkout2 ,banner1").groups == {"banner": 1}


def test_a_later_entry_replaces_an_earlier():
    assert ForceGroups.parse("checkout2,checkout1").groups == {"checkout": 1}


def test_a_name_may_contain_digits():
    assert ForceGroups.parse("tst_1_2").groups == {"tst_1_": 2}


def test_a_name_of_one_letter_can_only_be_forced_below_zero():
    assert ForceGroups.parse("a1,b-1").groups == {"b": -1}


@pytest.mark.parametrize("value", [-(2**31), 2**31 - 1])
def test_a_bucket_value_has_32_bits(value):
    assert ForceGroups.parse(f"checkout{value}").groups == {"checkout": value}


@pytest.mark.parametrize("value", [-(2**31) - 1, 2**31, 10**3000])
def test_a_bucket_value_beyond_32_bits_is_dropped_with_a_log_record(value, caplog):
    with caplog.at_level(logging.ERROR, "proctor.force"):
        force = ForceGroups.parse(f"checkout{value},banner1")
    assert force.groups == {"banner": 1}
    assert caplog.messages == [f"Unable to parse bucket value {str(value)[:40]} as integer"]


# Modes


@pytest.mark.parametrize("mode", [DefaultMode.FALLBACK, DefaultMode.MIN_LIVE])
def test_a_mode_is_set_by_its_name(mode):
    assert ForceGroups.parse(f"ab1,{mode.value}").default_mode is mode


def test_the_last_mode_wins():
    force = ForceGroups.parse("default_to_fallback,default_to_min_live")
    assert force.default_mode is DefaultMode.MIN_LIVE


def test_a_mode_in_capitals_is_none():
    assert ForceGroups.parse("DEFAULT_TO_FALLBACK").default_mode is DefaultMode.NONE


def test_a_mode_alone_is_not_empty():
    assert ForceGroups(default_mode=DefaultMode.FALLBACK)


# Payloads


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("longValue:5", "longValue", 5),
        ("longValue:5.7", "longValue", 5),
        ('longValue:"5"', "longValue", 5),
        ("doubleValue:5", "doubleValue", 5.0),
        ('doubleValue:"1e3"', "doubleValue", 1000.0),
        ("stringValue:1.50", "stringValue", "1.50"),
        (r'stringValue:"q\"\u0041\n"', "stringValue", 'q"A\n'),
        ("longArray:[ 1,-2.5]", "longArray", (1, -2)),
        ("doubleArray:[1 , 2.5]", "doubleArray", (1.0, 2.5)),
        ('stringArray:["a,b",2]', "stringArray", ("a,b", "2")),
        ("stringArray:[]", "stringArray", ()),
        ('map:{"k":"v", "n" : [1,2]}', "map", {"k": "v", "n": (1, 2)}),
    ],
)
def test_a_payload_is_read_into_its_type(text, kind, value):
    assert payload_of(text) == Payload(kind, value)


def test_an_empty_string_for_a_number_is_an_empty_payload():
    assert payload_of('longValue:""') == Payload()


@pytest.mark.parametrize(
    "text",
    [
        "longValue:99999999999999999999",
        "longValue:007",
        "doubleValue:5.",
        'doubleValue:"x"',
        "doubleArray:5",
        "longValue:[1]",
        "stringValue:[1]",
        r'stringValue:"\x"',
        'stringValue:"\t"',
        "map:[]",
        'map:"x"',
        'json:{"k":1}',
        "other:1",
        "STRINGVALUE:1",
        "Array:[1]",
    ],
)
def test_an_unreadable_payload_leaves_the_group_forced(text):
    force = ForceGroups.parse(f"ab1;{text}", ["ab"])
    assert (force.groups, force.payloads) == ({"ab": 1}, {})


@pytest.mark.parametrize(
    "text",
    [
        "doubleValue:1e3x",
        "stringValue:bare",
        "stringArray:[1 ]",
        'map:{"k":true}',
        'map:{"k":{"n":1}}',
        'stringValue:"open',
        "longValue: 1",
    ],
)
def test_a_payload_beyond_the_grammar_loses_the_group_too(text):
    assert "ab" not in ForceGroups.parse(f"ab1;{text}", ["ab"]).groups


def test_a_payload_counts_only_for_the_tests_that_allow_it():
    force = ForceGroups.parse("ab1;longValue:5,cd1;longValue:6", ["cd"])
    assert dict(force.payloads) == {"cd": Payload("longValue", 6)}


def test_a_payload_survives_a_later_entry_without_one():
    force = ForceGroups.parse("ab1;longValue:5,ab2", ["ab"])
    assert (force.groups["ab"], force.payloads["ab"].value) == (2, 5)


def test_a_payload_of_a_value_beyond_32_bits_is_dropped_with_it():
    assert not ForceGroups.parse("ab9999999999;longValue:5", ["ab"]).payloads


# Hostile texts


@pytest.mark.parametrize(
    "text",
    [
        "A" * MAX_LENGTH,
        "Aa" * (MAX_LENGTH // 2),
        "1" * MAX_LENGTH,
        "1-" * (MAX_LENGTH // 2),
        "a1;" * (MAX_LENGTH // 3),
        'a1;m:"' * (MAX_LENGTH // 6),
        "a1;m:[" + "1" * (MAX_LENGTH - 6),
        "a1;m:[" + " " * (MAX_LENGTH - 6),
        'a1;m:"' + "x" * (MAX_LENGTH - 6),
        'a1;m:"' + '\\"' * (MAX_LENGTH // 2 - 3),
        'a1;m:["' + '","' * (MAX_LENGTH // 3 - 3),
        'a1;m:{"k":["' + '","' * (MAX_LENGTH // 3 - 4),
        'a1;m:["a1;m:[",",",",' * (MAX_LENGTH // 21),
    ],
    ids=lambda text: text[:14],
)
def test_no_text_takes_for_ever(text):
    # The Java's expression needs more than a lifetime for some of these.
    assert ForceGroups.parse(text, ["a"]).is_empty


def test_of_too_long_a_text_the_whole_entries_within_the_limit_are_read(caplog):
    text = ",".join(f"test_{number:04}_1" for number in range(1000))
    force = ForceGroups.parse(text)
    assert len(force.groups) == MAX_TESTS
    assert ForceGroups.parse("ab1," + "x" * MAX_LENGTH + ",cd1").groups == {"ab": 1}
    assert "read only up to character 4096" in caplog.text


def test_a_text_of_the_longest_length_is_read_to_its_end():
    text = "ab1".rjust(MAX_LENGTH)
    assert ForceGroups.parse(text).groups == {"ab": 1}


def test_an_entry_that_ends_at_the_limit_is_read():
    text = "ab1".rjust(MAX_LENGTH) + ",cd1"
    assert ForceGroups.parse(text).groups == {"ab": 1}


def test_an_entry_across_the_limit_is_dropped():
    text = "cd1," + "ab12".rjust(MAX_LENGTH - 3)
    assert ForceGroups.parse(text).groups == {"cd": 1}


def test_of_too_many_tests_the_first_ones_are_forced_with_one_log_record(caplog):
    text = ",".join(f"t{number}_1" for number in range(MAX_TESTS + 5)) + ",t0_2"
    force = ForceGroups.parse(text)
    assert len(force.groups) == MAX_TESTS
    assert force.groups["t0_"] == 2
    assert len(caplog.records) == 1


@given(st.text())
def test_no_text_is_an_error(text):
    ForceGroups.parse(text, ["ab"])


# Writing and cookies

names = st.from_regex(r"[A-Za-z0-9_]*[A-Za-z_][A-Za-z0-9_]*[A-Za-z_]", fullmatch=True)
groups = st.dictionaries(names, st.integers(-(2**31), 2**31 - 1), max_size=5)
payloads = st.one_of(
    st.builds(Payload, st.just("longValue"), st.integers(-(2**63), 2**63 - 1)),
    st.builds(Payload, st.just("stringValue"), st.text(max_size=20)),
    st.builds(Payload, st.just("stringArray"), st.lists(st.text(max_size=9)).map(tuple)),
    st.builds(Payload, st.just("doubleValue"), st.floats(-1000, 1000).map(lambda x: round(x, 2))),
)


@st.composite
def forces(draw):
    forced = draw(groups)
    own = {name: draw(payloads) for name in forced if draw(st.booleans())}
    return ForceGroups(forced, own, draw(st.sampled_from(DefaultMode)))


@given(forces())
def test_what_is_written_reads_back_the_same(force):
    assert ForceGroups.parse(str(force), force.groups) == force


@given(forces())
def test_what_a_cookie_holds_reads_back_the_same(force):
    assert ForceGroups.parse_cookie(force.cookie_value(), payload_tests=force.groups) == force


@given(forces())
def test_a_cookie_value_has_only_characters_that_a_cookie_may_have(force):
    assert re.fullmatch(r"[A-Za-z0-9.*_+%-]*", force.cookie_value())


def test_the_mode_comes_first_and_tests_are_sorted():
    force = ForceGroups.parse("cd1,ab2,default_to_fallback")
    assert str(force) == "default_to_fallback,ab2,cd1"


@pytest.mark.parametrize(
    ("payload", "written"),
    [
        (Payload("doubleValue", 1e10), "doubleValue:1.0E10"),
        (Payload("doubleValue", float("inf")), 'doubleValue:"Infinity"'),
        (Payload("stringValue", '\x1f"\\\n/é'), r'stringValue:"\u001F\"\\\n/é"'),
        (Payload("longArray", (1, None)), "longArray:[1,null]"),
        (Payload("map", {"k": (True, 1.0)}), 'map:{"k":[true,1.0]}'),
        (Payload(), ""),
    ],
)
def test_payloads_are_written_as_jackson_does(payload, written):
    assert str(ForceGroups({"ab": 1}, {"ab": payload})) == f"ab1;{written}"


def test_a_cookie_is_encoded_as_the_javas_url_encoder_does():
    force = ForceGroups({"ab": 1}, {"ab": Payload("stringValue", "a b~*-._é\ud83d")})
    assert force.cookie_value() == "ab1%3BstringValue%3A%22a+b%7E*-._%C3%A9%3F%22"


def test_of_several_cookies_the_last_one_wins_for_a_test():
    assert ForceGroups.parse_cookie("ab1%2Ccd1", '"ab2"').groups == {"ab": 2, "cd": 1}


@pytest.mark.parametrize("value", ["ab1%", "ab1%2", "%zzab1"])
def test_a_cookie_that_is_badly_encoded_is_left_out(value):
    assert ForceGroups.parse_cookie(value, "cd1").groups == {"cd": 1}


def test_without_a_cookie_nothing_is_forced():
    assert ForceGroups.parse_cookie().is_empty


# Values


@given(forces(), forces())
def test_merging_is_reading_one_text_behind_the_other(first, second):
    text = f"{first},{second}"
    assert first.merge(second) == ForceGroups.parse(text, {**first.groups, **second.groups})


def test_forcing_a_group_replaces_its_payload():
    force = ForceGroups.parse("ab1;longValue:5,cd1", ["ab"]).with_group("ab", 2)
    assert force == ForceGroups({"ab": 2, "cd": 1})


@pytest.mark.parametrize(
    ("name", "value"),
    [("a-b", 1), ("é", 1), ("", 1), ("a", 1), ("ab2", 1), ("ab", 2**31), ("ab1,cd", 1)],
)
def test_a_group_that_cannot_be_written_cannot_be_forced(name, value):
    with pytest.raises(ValueError, match="cannot be written"):
        ForceGroups().with_group(name, value)


@given(names, st.integers(-(2**31), 2**31 - 1))
def test_a_group_that_is_forced_reads_back(name, value):
    assert ForceGroups.parse(str(ForceGroups().with_group(name, value))).groups == {name: value}


def test_a_group_is_taken_back_with_its_payload():
    force = ForceGroups.parse("default_to_fallback,ab1;longValue:5,cd1", ["ab"])
    assert force.without("ab") == ForceGroups({"cd": 1}, {}, DefaultMode.FALLBACK)


def test_taking_back_what_is_not_forced_changes_nothing():
    assert ForceGroups({"cd": 1}).without("ab") == ForceGroups({"cd": 1})


def test_a_value_does_not_follow_the_mapping_it_was_made_of():
    mapping = {"ab": 1}
    force = ForceGroups(mapping)
    mapping["ab"] = 2
    assert force.groups == {"ab": 1}


def test_a_value_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ForceGroups().default_mode = DefaultMode.FALLBACK


def test_its_groups_cannot_be_changed():
    with pytest.raises(TypeError):
        ForceGroups().groups["ab"] = 1


def test_equal_values_have_equal_hashes():
    assert hash(ForceGroups({"ab": 1, "cd": 2})) == hash(ForceGroups({"cd": 2, "ab": 1}))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_value_can_be_copied_and_pickled(duplicate):
    force = ForceGroups.parse("default_to_fallback,ab1;longValue:5", ["ab"])
    assert duplicate(force) == force


# Payloads of a bucket


def test_a_bucket_without_a_payload_takes_none():
    assert apply_payload(None, Payload("longValue", 5)) is None


def test_without_a_forced_payload_the_bucket_keeps_its_own():
    own = Payload("longValue", 5)
    assert apply_payload(own, None) is own


def test_a_payload_of_another_type_is_not_taken():
    own = Payload("longValue", 5)
    assert apply_payload(own, Payload("doubleValue", 1.0)) is own


def test_a_json_payload_is_never_replaced():
    own = Payload("json", 5)
    assert apply_payload(own, Payload("json", 6)) is own


def test_forced_keys_overlay_the_buckets_map():
    own = Payload("map", freeze({"a": "x", "b": "y"}))
    forced = Payload("map", freeze({"b": "z"}))
    assert apply_payload(own, forced) == Payload("map", {"a": "x", "b": "z"})


@pytest.mark.parametrize(
    ("present", "forced"),
    [("x", "y"), ("x", 5), ("x", (1,)), (1.5, 2), (1.5, "x"), (2**31, 5), (-(2**63), -(2**31))],
)
def test_a_value_of_a_map_is_replaced(present, forced):
    own = Payload("map", freeze({"k": present}))
    assert apply_payload(own, Payload("map", freeze({"k": forced}))).value["k"] == forced


@pytest.mark.parametrize(
    ("present", "forced"),
    [
        (5, 6),
        (True, 1),
        (None, "x"),
        ((1,), (2,)),
        ({"n": 1}, "x"),
        (2**31, 2**31),
        (2**31, 1.5),
        (2**31, "5"),
        (2**63, 5),
    ],
)
def test_one_value_that_cannot_be_replaced_voids_the_forced_map(present, forced):
    own = Payload("map", freeze({"k": present, "s": "own"}))
    assert apply_payload(own, Payload("map", freeze({"s": "forced", "k": forced}))) is own


def test_a_key_that_the_bucket_does_not_have_voids_the_forced_map():
    own = Payload("map", freeze({"s": "own"}))
    assert apply_payload(own, Payload("map", freeze({"s": "forced", "new": 1}))) is own


def test_a_cookie_of_version_1_is_read_with_its_escaped_commas():
    jar = SimpleCookie()
    jar["prforceGroups"] = "ab1,cd-1"
    value = jar["prforceGroups"].OutputString().partition("=")[2]
    assert value == r'"ab1\054cd-1"'
    assert ForceGroups.parse_cookie(value).groups == {"ab": 1, "cd": -1}
