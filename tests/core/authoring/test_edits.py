"""Edits: the order of Java Proctor's steps, and our own rules."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from proctor.core.authoring.branches.applications import Application
from proctor.core.authoring.branches.careful_promotion import (
    careful_deletion_problems,
    careful_promotion_problems,
)
from proctor.core.authoring.branches.revisions import Branch, Revision
from proctor.core.authoring.compatibility.specifications import specification_of
from proctor.core.authoring.definitions.names import is_bucket_name, is_meta_tag, is_test_name
from proctor.core.authoring.definitions.reading import definition_of
from proctor.core.authoring.edits.edit_rules import edit_problems, edit_warnings
from proctor.core.authoring.edits.editing import EditRequest, decide_edit, save_edit
from proctor.core.authoring.edits.stricter_rules import Surroundings, stricter_problems
from proctor.core.authoring.refusals import Refusal
from proctor.core.java.context_types import specification_type
from tests.core.small_matrices import allocation, definition

GOOD = {"description": "which color sells"}


def read(name="colortst", **fields):
    return definition_of(definition(**GOOD | fields), name)


def request(document, **options):
    usual = {"is_create": True, "username": "ann", "password": "pw"}
    return EditRequest("colortst", json.dumps(document), **usual | options)


def stored(**fields):
    return Branch("trunk", (Revision("1", "colortst", read(**fields)),))


def refused(ask, trunk=None):
    with pytest.raises(Refusal) as caught:
        decide_edit(ask, trunk or Branch("trunk"))
    return caught.value.code


def codes(definition, **around):
    return [each.code for each in stricter_problems(definition, Surroundings(**around))]


def app(test="colortst", label="shop", context=None, **expected):
    document = {"tests": {test: expected}}
    if context is not None:
        document["providedContext"] = context
    return Application(label, "1", (specification_of(document),))


# Java Proctor's steps


def test_the_text_is_read_before_the_user_is_asked():
    assert refused(EditRequest("colortst", "{")) == "json-end"
    assert refused(request(definition(), username=" ")) == "credentials"


def test_the_name_is_checked_before_the_content():
    ask = EditRequest("1bad", json.dumps({}), True, username="ann", password="pw")
    assert refused(ask) == "test-name"


def test_ids_come_before_the_content():
    sent = definition(description="", allocations=[allocation(id="oops", control=1.0)])
    ask = request(sent, is_create=False, previous_revision="1")
    assert refused(ask, stored()) == "id-version"


def test_somebody_elses_change_is_not_overwritten():
    ask = request(definition(**GOOD), is_create=False, previous_revision="0")
    assert refused(ask, stored()) == "stale"


def test_a_second_test_of_one_name_is_refused():
    assert refused(request(definition(**GOOD)), stored()) == "test-exists"


def test_an_edit_without_a_change_is_refused_when_it_is_saved():
    trunk = stored()
    ask = request(definition(**GOOD), is_create=False, previous_revision="1")
    edit = decide_edit(ask, trunk)
    with pytest.raises(Refusal, match="nothing changed"):
        save_edit(edit, ask, trunk)


def test_a_saved_edit_is_the_newest_revision_with_its_comment():
    trunk = stored()
    ask = request(
        definition(description="new"), is_create=False, previous_revision="1", comment="why"
    )
    saved = save_edit(decide_edit(ask, trunk), ask, trunk)
    newest = saved.history("colortst")[0]
    assert (newest.id, newest.message, newest.author) == ("2", "why", "ann")
    assert trunk.history("colortst")[0].id == "1"


def test_an_edit_keeps_the_type_and_the_version_that_are_stored():
    sent = definition(**GOOD, version="99")
    del sent["testType"]
    edit = decide_edit(request(sent, is_create=False, previous_revision="1"), stored(version="5"))
    assert (edit.definition.test.test_type, edit.definition.version) == ("USER", "5")


def test_everything_wrong_is_found_in_one_go_and_in_order():
    bad = read(
        description="",
        metaTags=["a b"],
        buckets=[{"name": "1a", "value": 0}],
        allocations=[allocation(control=0.5)],
    )
    assert [each.code for each in edit_problems(bad)] == [
        "description-required",
        "meta-tag",
        "bucket-name",
        "range-sum",
    ]


def test_a_problem_says_where_it_is_and_how_to_mend_it():
    bad = read(allocations=[allocation("${a ==}", control=1.0)])
    [problem] = edit_problems(bad)
    assert problem.place == "colortst, allocation 1, rule"
    assert problem.java_message.startswith("Invalid allocation rule in colortst: Unable to")


def test_groups_of_unequal_share_are_a_warning():
    assert "Bucket #1=0.6, Zero Bucket=0.4" in edit_warnings(
        read(allocations=[allocation(control=0.4, blue=0.6)])
    )[0].replace("\n", " ")


@pytest.mark.parametrize("name", ["\u017fale", "\u212aelvin", "a\n", "a1", "", "a b"])
def test_names_are_of_ascii_letters(name):
    assert not is_test_name(name)
    assert not is_bucket_name(name) or name == "a1"
    assert not is_meta_tag(name) or name == "a1"


# Our own rules


def test_a_sane_edit_has_no_problems():
    assert codes(read()) == []
    assert codes(read(description="other"), previous=read(), applications=(app(),)) == []


def test_duplicate_buckets_are_refused():
    twice = [{"name": "a", "value": 0}, {"name": "a", "value": 0}, {"name": "b", "value": 1}]
    found = codes(read(buckets=twice, allocations=[allocation(control=1.0)]))
    assert found == ["duplicate-bucket-value", "duplicate-bucket-name"]


def test_negative_lengths_are_refused():
    ranges = [allocation(control=-0.5, blue=1.5)]
    assert codes(read(allocations=ranges)) == ["range-length", "range-length"]


def test_an_unknown_test_type_is_refused_unless_it_is_registered():
    assert codes(read(testType="SHOP")) == ["unknown-test-type"]
    assert codes(read(testType="SHOP"), test_types=("SHOP",)) == []


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        (
            {"specialConstants": {"__COUNTRIES": None}},
            "countries",
            (
                "specialConstants.__COUNTRIES: expected a list of strings, got null; "
                'write ["US", ...], or leave the field out to include all countries'
            ),
        ),
        (
            {"specialConstants": {"__COUNTRIES": ["US", 1]}},
            "countries",
            (
                "specialConstants.__COUNTRIES: expected a list of strings, but it contains 1; "
                'write ["US", ...], or leave the field out to include all countries'
            ),
        ),
        (
            {"payloadExperimentConfig": {"priority": "high", "namespaces": []}},
            "priority",
            (
                "expected an integer of up to 64 bits as the priority of the payload experiment, "
                "got 'high'; write a number such as 5, or remove the priority"
            ),
        ),
        (
            {"payloadExperimentConfig": {"priority": "9" * 19, "namespaces": []}},
            "priority",
            (
                "expected an integer of up to 64 bits as the priority of the payload experiment, "
                "got '9999999999999999999'; write a number such as 5, or remove the priority"
            ),
        ),
        (
            {"payloadExperimentConfig": {"priority": "7", "namespaces": [None]}},
            "namespaces",
            "a namespace of the payload experiment is null; write a string, or remove it",
        ),
    ],
)
def test_values_that_no_application_can_use_are_refused(fields, code, message):
    [problem] = stricter_problems(read(**fields), Surroundings())
    assert (problem.code, problem.message) == (code, message)


@pytest.mark.parametrize(
    "fields",
    [
        {"specialConstants": {"__COUNTRIES": ["US"]}},
        {"specialConstants": {"__COUNTRIES": []}},
        {"payloadExperimentConfig": {"priority": None, "namespaces": ["shop"]}},
        {"payloadExperimentConfig": {"priority": "-7", "namespaces": []}},
    ],
)
def test_countries_and_a_payload_experiment_are_fine(fields):
    assert codes(read(**fields)) == []


RENAMED = [{"name": "inactive", "value": -1}, {"name": "control", "value": 0}]


def test_a_bucket_that_an_application_declares_may_not_go():
    new = read(buckets=RENAMED, allocations=[allocation(control=1.0)])
    declares = app(buckets={"control": 0, "blue": 1})
    assert codes(new, previous=read(), applications=(declares,)) == ["declared-bucket-removed"]
    assert codes(new, previous=read(), applications=(app(buckets={"control": 0}),)) == []


def test_a_bucket_that_an_application_declares_keeps_its_value():
    new = read(
        buckets=[*RENAMED, {"name": "blue", "value": 2}], allocations=[allocation(control=1.0)]
    )
    declares = app(buckets={"blue": 1})
    assert codes(new, previous=read(), applications=(declares,)) == ["declared-bucket-revalued"]


def test_a_bucket_that_an_application_declares_keeps_its_name():
    new = read(buckets=[*RENAMED, {"name": "violet", "value": 1}])
    declares = (app(buckets={"blue": 1}),)
    [problem] = stricter_problems(new, Surroundings(previous=read(), applications=declares))
    assert problem.code == "declared-bucket-renamed"
    assert problem.message == (
        "the name of bucket 1 changed from 'blue' to 'violet', but shop@1 declares the bucket; "
        "keep the name, or add a bucket"
    )
    assert codes(new, previous=read(), applications=(app(buckets={"control": 0}),)) == []
    assert codes(read(), previous=new, applications=declares) == []


@pytest.mark.parametrize("change", [{"salt": "&other"}, {"salt": None}, {"testType": "EMAIL"}])
def test_salt_and_type_of_a_running_test_stay(change):
    assert len(codes(read(**change), previous=read())) == 1


def test_salt_and_type_may_change_while_nobody_is_in_a_live_group():
    still = read(allocations=[allocation(inactive=1.0)])
    assert codes(read(salt="&other", testType="EMAIL"), previous=still) == []


def test_a_salt_that_places_visitors_alike_is_no_change():
    assert codes(read(salt="null"), previous=read(salt=None)) == []


def parent(**fields):
    return read("parenttst", salt="&parent", **fields).consumable()


@pytest.mark.parametrize(
    ("depends_on", "code"),
    [
        ({"testName": "colortst", "bucketValue": 1}, "dependency-self"),
        ({"testName": "nowheretst", "bucketValue": 1}, "dependency-unknown"),
        ({"testName": "parenttst", "bucketValue": 9}, "dependency-bucket"),
        ({"testName": "parenttst", "bucketValue": -1}, "dependency-negative"),
    ],
)
def test_depends_on_has_to_lead_to_a_bucket_of_another_test(depends_on, code):
    assert codes(read(dependsOn=depends_on), tests={"parenttst": parent()}) == [code]


def test_a_circle_of_dependencies_is_refused():
    back = parent(dependsOn={"testName": "colortst", "bucketValue": 1})
    new = read(dependsOn={"testName": "parenttst", "bucketValue": 1})
    found = codes(new, previous=read(), tests={"parenttst": back})
    assert found == ["dependency-circle", "breaks-dependent"]


def test_a_bucket_on_which_another_test_depends_may_not_go():
    child = replace(parent(dependsOn={"testName": "colortst", "bucketValue": 1}), name="childtst")
    new = read(buckets=RENAMED, allocations=[allocation(control=1.0)])
    assert codes(new, previous=read(), tests={"childtst": child}) == ["breaks-dependent"]


def test_a_rule_over_variables_that_no_application_declares_is_refused():
    new = read(rule="nobody == 1")
    elsewhere = app("othertst", context={"country": "String"})
    assert codes(new, applications=(elsewhere,)) == ["rule-context"]
    assert codes(new, applications=(app("othertst", context={"nobody": "int"}),)) == []
    assert codes(new) == []


def test_each_application_that_uses_the_test_has_to_know_its_variables():
    new = read(rule="country == 'US'")
    both = (app(context={"country": "String"}), app(label="mail", context={"lang": "String"}))
    [problem] = stricter_problems(new, Surroundings(applications=both))
    assert problem.message.startswith("mail@1 cannot evaluate the rule: ")


TYPES = {
    "country": specification_type("String"),
    "age": specification_type("int"),
    "mobile": specification_type("boolean"),
}


@pytest.mark.parametrize(
    "rule",
    [
        *("country > 3", "country == age", "age == 'old'", "mobile == 1", "mobile == 'yes'"),
        *("mobile > 0", "country + 1 > 2", "age + country > 2", "X == 'a'", "age == (1 < 2)"),
        *("-country == 1 || age == 'x'",),
    ],
)
def test_a_rule_over_a_variable_of_the_wrong_type_is_refused(rule):
    new = read(rule=rule, constants={"X": 5})
    assert codes(new, context_types=TYPES) == ["rule-context"]


@pytest.mark.parametrize(
    "rule",
    [
        *("country == 'US'", "age == '18'", "mobile == 'true'", "mobile", "country == null"),
        *(
            "age + 1 > 17 && country != ''",
            "X == age",
            "fn:length(country) > 2",
            "!mobile == false",
        ),
        *("country < 'b'", "!mobile == false"),
    ],
)
def test_a_rule_over_values_of_one_type_is_fine(rule):
    assert codes(read(rule=rule, constants={"X": 5}), context_types=TYPES) == []


def test_a_rule_of_an_allocation_is_named_with_its_place():
    new = read(allocations=[allocation("${country > 3}", control=1.0)])
    [problem] = stricter_problems(new, Surroundings(context_types=TYPES))
    assert problem.place == "colortst, allocation 1, rule"
    assert problem.message.startswith("this site cannot evaluate the rule: column 3: ")


def with_payloads(**payload):
    names = (("inactive", -1), ("control", 0), ("blue", 1))
    return read(buckets=[{"name": n, "value": v, "payload": payload} for n, v in names])


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        ({"stringArray": ["a", None]}, "an item of stringArray"),
        ({"longArray": [None]}, "an item of longArray"),
        ({"stringValue": None}, "stringValue"),
        ({"longValue": None, "stringValue": "x"}, "longValue"),
    ],
)
def test_a_null_in_a_payload_is_refused(payload, place):
    problems = stricter_problems(with_payloads(**payload), Surroundings())
    assert [each.code for each in problems] == ["payload-null"] * 3
    assert problems[0].message == (
        f"{place} is null in the payload of bucket 'inactive'; write a value instead, or remove "
        "the null"
    )


def test_a_json_payload_and_a_map_may_have_nulls():
    assert codes(with_payloads(json=None)) == []
    assert codes(with_payloads(json=[None])) == []
    assert codes(with_payloads(map={"a": None, "b": [None]})) == []


def test_payloads_are_of_the_type_that_an_application_declares():
    expects = app(payload={"type": "longValue"})
    assert codes(with_payloads(longValue=1), applications=(expects,)) == []
    found = codes(with_payloads(stringValue="x"), applications=(expects,))
    assert found == ["declared-payload"]
    assert codes(read(), applications=(expects,)) == ["declared-payload-missing"]


def test_a_payload_type_that_nobody_knows_is_a_problem_and_no_error():
    unknown = app(payload={"type": "number"})
    assert codes(with_payloads(longValue=1), applications=(unknown,)) == ["declared-payload"]


def test_what_java_proctor_refuses_is_left_to_its_rules():
    assert codes(read(specialConstants={"__COUNTRIES": "US"}, testType="SHOP")) == []


# Promotions and deletions without Java Proctor's gaps


def promoted(test, *applications, destination=None):
    found = careful_promotion_problems(
        test.consumable(), destination or {}, applications, "trunk r1"
    )
    return [each.code for each in found]


def test_a_test_that_is_new_at_the_destination_is_checked():
    assert promoted(read(), app(buckets={"inactive": -1})) == ["specification-lacks-bucket"]


def test_an_application_that_takes_a_test_by_filter_is_checked():
    document = {"dynamicFilters": [{"type": "match_all"}], "providedContext": {}}
    taker = Application("shop", "1", (specification_of(document),))
    assert promoted(read(rule="nobody == 1"), taker) == ["rule"]
    assert promoted(read(), taker) == []


def test_a_test_with_depends_on_is_checked_beside_its_parent():
    child = read(dependsOn={"testName": "parenttst", "bucketValue": 1})
    both = specification_of({"tests": {"parenttst": {}, "colortst": {}}})
    shop = Application("shop", "1", (both,))
    assert promoted(child, shop, destination={"parenttst": parent()}) == []
    assert promoted(child, shop) == ["dependency-unknown"]


def test_a_missing_payload_is_found():
    assert promoted(read(), app(payload={"type": "longValue"})) == ["declared-payload-missing"]


VIOLET = {"buckets": [*RENAMED, {"name": "violet", "value": 1}]}


def test_a_promotion_that_renames_a_declared_bucket_is_found():
    current = {"colortst": read().consumable()}
    shop = app(buckets={"inactive": -1, "control": 0, "blue": 1})
    assert promoted(read(**VIOLET), shop, destination=current) == ["declared-bucket-renamed"]
    assert promoted(read(), shop, destination=current) == []
    assert promoted(read(**VIOLET), shop) == []


def test_what_was_broken_before_is_no_reason_to_refuse():
    broken = parent(rule="nobody == 1")
    shop = app("parenttst", buckets={})
    assert promoted(read(), shop, destination={"parenttst": broken}) == []


def test_a_test_that_others_need_is_not_deleted():
    child = parent(dependsOn={"testName": "colortst", "bucketValue": 1})
    found = careful_deletion_problems("colortst", {"parenttst": child}, (app(),))
    assert [each.code for each in found] == ["in-use", "breaks-dependent"]
    assert careful_deletion_problems("colortst", {}, (app("othertst"),)) == []
