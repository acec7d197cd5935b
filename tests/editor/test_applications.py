"""Applications: refused changes, overrides and registration."""

from __future__ import annotations

import json

import pytest

from proctor import ProctorTest
from proctor.editor.access.permissions import command, person
from proctor.editor.applications import registering
from proctor.editor.applications.listing import standing_on_branch
from proctor.editor.applications.registering import forget, register
from proctor.editor.applications.saying import what_applications_say
from proctor.editor.changes import services
from proctor.editor.changes.proposed import publish_proposal
from proctor.editor.changes.together import Promotion, promote_together
from proctor.editor.errors import Conflict, NotFound, PermissionMissing, Refused
from proctor.editor.models import Application, Revision
from proctor.editor.proposals import deciding
from proctor.editor.publishing.heads import definition_of, head_of
from proctor.editor.publishing.publishing import Signature
from proctor.editor.specifications.known import known_application, read_applications
from proctor.editor.transfer.importing import import_source, read_text
from tests.editor.api_client import user_with
from tests.editor.samples import document, shares, text_of

NAME = "buttontst"
ADA = command("ada")

#: An application that declares the groups inactive and control, but not blue.
NO_BLUE = {"tests": {NAME: {"buckets": {"inactive": -1, "control": 0}}}}
BLUE = {"tests": {NAME: {"buckets": {"inactive": -1, "control": 0, "blue": 1}}}}
QUIET = shares(inactive=0.5, control=0.5)
LOUD = shares(inactive=0.5, control=0.25, blue=0.25)


def app(specification, *, name="mobile", environment="production", **options):
    return register(ADA, name, environment, json.dumps(specification), **options).application


def edit(test=NAME, base=None, **changes):
    changes.setdefault("salt", f"&{test}")
    return services.edit(ADA, test, text_of(**changes), base=base).revision


def promote(revision, base=None, *, to="production", test=NAME, actor=ADA, **options):
    return services.promote(
        actor, test, "trunk", to, revision=revision.id, base=base and base.id, **options
    ).revision


@pytest.fixture
def quiet(editor):
    """A test without blue visitors, on trunk and on production."""
    first = edit(allocations=QUIET)
    return first, promote(first)


def codes(error):
    return [each.code for each in error.value.problems]


def test_a_promotion_that_breaks_an_application_is_refused_with_its_name(quiet):
    app(NO_BLUE, version="7")
    loud = edit(base=quiet[0].id, allocations=LOUD)
    with pytest.raises(Refused) as refusal:
        promote(loud, quiet[1])
    (problem,) = refusal.value.problems
    assert problem.message.startswith("mobile@7 could not load it: ")
    assert "blue (1)" in problem.message
    assert head_of(NAME, "production").id == quiet[1].id


def test_applications_of_other_environments_do_not_count(quiet):
    app(NO_BLUE, environment="qa")
    promote(edit(base=quiet[0].id, allocations=LOUD), quiet[1])


@pytest.fixture
def loud_before(quiet):
    """A test whose old revision on production has visitors in a group unknown to an application."""
    older = promote(edit(base=quiet[0].id, allocations=LOUD), quiet[1])
    back = services.roll_back(ADA, NAME, "production", quiet[1].id, base=older.id).revision
    app(NO_BLUE)
    return older, back


def test_a_rollback_is_refused_too(loud_before):
    with pytest.raises(Refused):
        services.roll_back(ADA, NAME, "production", loud_before[0].id, base=loud_before[1].id)


def test_a_revert_is_refused_too(loud_before):
    _older, back = loud_before
    with pytest.raises(Refused):
        services.revert(ADA, NAME, "production", back.id, base=back.id)


def test_a_ramp_is_refused_too(loud_before):
    with pytest.raises(Refused):
        services.ramp(ADA, NAME, "production", 0, {1: 0.2}, base=loud_before[1].id)


def test_a_finish_is_refused_too(loud_before):
    with pytest.raises(Refused):
        services.finish(ADA, NAME, "production", 1, base=loud_before[1].id)
    services.finish(ADA, NAME, "production", 0, base=loud_before[1].id)


def test_a_deletion_is_refused_while_an_application_names_the_test(loud_before):
    with pytest.raises(Refused, match="mobile needs it: its specification names the test"):
        services.delete(ADA, NAME, "production", base=loud_before[1].id)
    forget(ADA, "mobile", "production")
    services.delete(ADA, NAME, "production", base=loud_before[1].id)


def test_an_edit_is_refused_where_edits_enter(editor):
    first = edit(allocations=QUIET)
    app(NO_BLUE, environment="trunk")
    with pytest.raises(Refused):
        edit(base=first.id, allocations=LOUD)
    assert edit(base=first.id, allocations=QUIET, description="Other words")


def test_an_edit_keeps_the_buckets_that_an_application_declares(editor):
    first = edit(allocations=QUIET)
    app(BLUE, environment="trunk")
    buckets = [each for each in document()["buckets"] if each["name"] != "blue"]
    with pytest.raises(Refused) as refusal:
        edit(base=first.id, allocations=QUIET, buckets=buckets)
    assert codes(refusal) == ["declared-bucket-removed"]


VIOLET = [
    {**each, "name": each["name"].replace("blue", "violet")} for each in document()["buckets"]
]


def test_a_promotion_keeps_the_names_of_buckets_that_an_application_declares(quiet):
    app(BLUE, version="7")
    renamed = edit(base=quiet[0].id, allocations=QUIET, buckets=VIOLET)
    with pytest.raises(Refused) as refusal:
        promote(renamed, quiet[1])
    assert codes(refusal) == ["breaks-application"]
    assert refusal.value.problems[0].message == (
        "mobile@7: bucket 1, which the application declares, changes its name from 'blue' to "
        "'violet'; keep the name, or add a bucket"
    )
    with pytest.raises(Refused, match="mobile@7, test 'buttontst': bucket 1, which"):
        promote_together(
            ADA, [Promotion(NAME, renamed.id, quiet[1].id)], "trunk", "production", message=""
        )
    done = promote(renamed, quiet[1], override="mobile 8 declares violet")
    assert "mobile 8 declares violet" in done.message


def test_a_proposal_is_not_published_if_an_application_then_declares_the_bucket(quiet, settings):
    settings.PROCTOR_EDITOR_APPROVALS = {"production": 1}
    author = person(user_with("view", "promote_production", name="author"))
    renamed = edit(base=quiet[0].id, allocations=QUIET, buckets=VIOLET)
    proposal = services.promote(
        author, NAME, "trunk", "production", revision=renamed.id, base=quiet[1].id
    ).proposal
    approver = person(user_with("view", "approve", "promote_production", name="approver"))
    deciding.approve(approver, proposal.pk, content=proposal.content_hash, base=proposal.base_id)
    app(BLUE)
    with pytest.raises(Refused, match="changes its name from 'blue' to 'violet'"):
        publish_proposal(approver, proposal.pk)


def test_an_import_warns_about_the_buckets_that_an_application_declares(quiet):
    app(BLUE, version="7")
    tests = {NAME: json.loads(text_of(allocations=QUIET, buckets=VIOLET))}
    source = read_text(json.dumps({"audit": {"version": "1", "updated": 1}, "tests": tests}))
    done = import_source(source, "production", Signature("ada", ""))
    assert done.changed == [NAME]
    (warning,) = done.warnings
    assert warning == (
        "buttontst: mobile@7: bucket 1, which the application declares, changes its name from "
        "'blue' to 'violet'; keep the name, or add a bucket"
    )
    assert import_source(source, "production", Signature("ada", "")).warnings == []


def test_the_warnings_of_an_import_are_sorted(editor):
    names = [f"test{index}" for index in range(8)]
    app({"tests": dict.fromkeys(names, BLUE["tests"][NAME])})

    def imported(**changes):
        tests = {each: json.loads(text_of(salt=f"&{each}", **changes)) for each in names}
        source = read_text(json.dumps({"audit": {"version": "1", "updated": 1}, "tests": tests}))
        return import_source(source, "production", Signature("ada", "")).warnings

    assert imported(allocations=QUIET) == []
    found = imported(allocations=QUIET, buckets=VIOLET)
    assert [each.split(":")[0] for each in found] == names


def test_a_stop_is_never_refused(quiet):
    app({"tests": {NAME: {"buckets": {"control": 0, "blue": 1}, "fallbackValue": 0}}})
    done = services.stop(ADA, NAME, "production", reason="it hurts")
    assert [each.severity.value for each in done.problems] == ["warning"]


def test_a_fault_that_was_there_before_is_a_warning(quiet):
    loud = promote(edit(base=quiet[0].id, allocations=LOUD), quiet[1])
    app(NO_BLUE)
    more = shares(inactive=0.4, control=0.3, blue=0.3)
    trunk = head_of(NAME, "trunk")
    done = services.promote(
        ADA,
        NAME,
        "trunk",
        "production",
        revision=edit(base=trunk.id, allocations=more).id,
        base=loud.id,
    )
    assert [(each.code, each.severity.value) for each in done.problems] == [
        ("application-broken", "warning")
    ]


def test_an_edit_of_a_rule_that_an_application_could_not_read_before_is_a_warning(editor):
    editor.PROCTOR_CONTEXT = {"country": "String"}
    first = edit(rule="country == 'DE'")
    app({"providedContext": {}, "tests": {NAME: {}}}, environment="trunk")
    done = services.edit(
        ADA, NAME, text_of(rule="country == 'DE'", description="Other words"), base=first.id
    )
    assert {each.severity.value for each in done.problems} == {"warning"}
    with pytest.raises(Refused):
        edit(base=done.revision.id, rule="country == 'AT'", description="x", salt=f"&{NAME}2")


def test_a_dependent_of_the_changed_test_counts(editor):
    parent = edit("parenttst", allocations=LOUD)
    child = edit(
        "childtst", allocations=QUIET, dependsOn={"testName": "parenttst", "bucketValue": 0}
    )
    on = promote(parent, test="parenttst")
    promote(child, test="childtst")
    app(
        {
            "tests": {
                "parenttst": {"buckets": {"inactive": -1, "control": 0, "blue": 1}},
                "childtst": {"buckets": {"inactive": -1, "control": 0}},
            }
        }
    )
    buckets = [*document()["buckets"], {"name": "red", "value": 2, "description": ""}]
    red = [
        {
            "rule": None,
            "ranges": [{"bucketValue": 0, "length": 0.5}, {"bucketValue": 2, "length": 0.5}],
        }
    ]
    changed = edit("parenttst", base=parent.id, buckets=buckets, allocations=red)
    with pytest.raises(Refused) as refusal:
        promote(changed, on, test="parenttst")
    assert sorted({each.test for each in refusal.value.problems}) == ["childtst", "parenttst"]


def test_the_first_promotion_of_a_test_is_checked(editor):
    app(NO_BLUE)
    with pytest.raises(Refused):
        promote(edit(allocations=LOUD))


def test_what_a_filter_takes_is_checked_with_the_variables_of_the_application(editor):
    filters = [{"type": "name_prefix", "prefix": "button"}]
    app({"providedContext": {"age": "int"}, "dynamicFilters": filters})
    with pytest.raises(Refused, match="mobile could not load it"):
        promote(edit(rule="country == 'DE'"))


def test_a_rule_may_use_a_variable_that_only_another_application_has(editor):
    with pytest.raises(Refused):
        edit(rule="age > 3")
    app({"providedContext": {"age": "int"}, "tests": {NAME: {}}})
    promote(edit(rule="age > 3"))


def test_a_test_of_this_site_uses_no_variable_that_only_another_application_has(editor):
    editor.PROCTOR_TESTS = (NAME,)
    app({"providedContext": {"age": "int"}, "tests": {NAME: {}}})
    with pytest.raises(Refused):
        edit(rule="age > 3")


def test_the_declared_tests_of_the_site_count_without_registering(quiet, editor):
    editor.PROCTOR_TESTS = (
        ProctorTest(NAME, groups={"inactive": -1, "control": 0}, default="inactive"),
    )
    with pytest.raises(Refused, match=r"this site \(shop\).*does not declare.*'blue'"):
        promote(edit(base=quiet[0].id, allocations=LOUD), quiet[1])
    with pytest.raises(Refused, match="PROCTOR_TESTS declares the test"):
        services.delete(ADA, NAME, "production", base=quiet[1].id)


def test_a_bucket_whose_value_the_site_declares_under_a_different_name_is_no_fault(quiet, editor):
    editor.PROCTOR_TESTS = (
        ProctorTest(NAME, groups={"inactive": -1, "control": 0, "azure": 1}, default="inactive"),
    )
    promote(edit(base=quiet[0].id, allocations=LOUD), quiet[1])


def test_groups_that_the_site_declares_by_name_alone_count(quiet, editor):
    editor.PROCTOR_TESTS = (ProctorTest(NAME, groups=("inactive", "control"), default="inactive"),)
    with pytest.raises(Refused, match="'blue'"):
        promote(edit(base=quiet[0].id, allocations=LOUD), quiet[1])


def test_an_import_is_never_refused(quiet, tmp_path):
    from django.core.management import call_command

    loud = edit(base=quiet[0].id, allocations=LOUD)
    app(NO_BLUE)
    tree = tmp_path / "tree"
    call_command("proctor_export", branch="trunk", output=tree)
    call_command("proctor_import", str(tree), branch="production")
    assert definition_of(head_of(NAME, "production")).test.allocations == (
        definition_of(loud).test.allocations
    )


def test_whoever_may_override_gives_a_reason_that_stays_in_the_history(quiet):
    app(NO_BLUE)
    loud = edit(base=quiet[0].id, allocations=LOUD)
    boss = person(user_with("view", "promote_production", "override", name="boss"))
    done = promote(loud, quiet[1], actor=boss, message="Spring", override="mobile follows at noon")
    assert done.message == "Spring\n\nPublished although it breaks mobile: mobile follows at noon"


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_nothing_is_overridden(quiet, reason):
    app(NO_BLUE)
    loud = edit(base=quiet[0].id, allocations=LOUD)
    with pytest.raises(Refused):
        promote(loud, quiet[1], override=reason)


def test_whoever_may_not_override_cannot(quiet):
    app(NO_BLUE)
    loud = edit(base=quiet[0].id, allocations=LOUD)
    grace = person(user_with("view", "promote_production", name="grace"))
    with pytest.raises(PermissionMissing) as missing:
        promote(loud, quiet[1], actor=grace, override="I want to")
    assert missing.value.permission == "override"


def test_a_reason_overrides_nothing_but_applications(editor):
    app(NO_BLUE)
    edit("parenttst")
    child = edit(dependsOn={"testName": "parenttst", "bucketValue": 1})
    with pytest.raises(Refused) as refusal:
        promote(child, override="I want to")
    assert "breaks-application" not in codes(refusal)


def test_a_reason_that_is_not_needed_is_not_kept(quiet):
    loud = edit(base=quiet[0].id, allocations=LOUD)
    assert promote(loud, quiet[1], message="Spring", override="in case").message == "Spring"


# -- Several tests together -------------------------------------------------------------------


def together(*revisions, bases=(), **options):
    bases = {**dict.fromkeys((each.test for each in revisions), None), **dict(bases)}
    promotions = [Promotion(each.test, each.id, bases[each.test]) for each in revisions]
    return promote_together(options.pop("actor", ADA), promotions, "trunk", "production", **options)


def test_a_test_and_the_one_it_depends_on_reach_a_branch_together(editor):
    parent = edit("parenttst")
    child = edit(dependsOn={"testName": "parenttst", "bucketValue": 1})
    with pytest.raises(Refused):
        promote(child)
    done = together(child, parent, message="Both")
    assert {each.version for each in done} == {1}
    assert [each.promoted_from_id for each in done] == [child.id, parent.id]


def test_one_that_breaks_an_application_keeps_all_back(editor):
    app(NO_BLUE)
    fine, bad = edit("finetst"), edit(allocations=LOUD)
    with pytest.raises(Refused, match="mobile could not load 'buttontst'"):
        together(fine, bad)
    assert not Revision.objects.filter(branch__name="production").exists()
    done = together(fine, bad, override="It is agreed")
    assert {each.message for each in done} == {"Published although it breaks mobile: It is agreed"}


def test_one_that_has_moved_keeps_all_back(quiet):
    fine = edit("finetst")
    loud = edit(base=quiet[0].id, allocations=LOUD)
    with pytest.raises(Conflict):
        together(fine, loud)
    assert len(together(fine, loud, bases={NAME: quiet[1].id})) == 2


def test_each_of_several_tests_needs_the_permission(editor):
    fine, other = edit("finetst"), edit()
    with pytest.raises(PermissionMissing):
        together(fine, other, actor=person(user_with("view", "edit")))


def test_ids_move_on_where_people_jump_in_one_of_several(quiet):
    jumping = edit(base=quiet[0].id, allocations=shares(blue=0.5, control=0.5))
    done = together(edit("finetst"), jumping, bases={NAME: quiet[1].id})
    kept = definition_of(quiet[1]).test.allocations[0].id
    assert definition_of(done[1]).test.allocations[0].id != kept


# -- What they say -------------------------------------------------------------------------------


def test_each_application_says_ok_or_why_not(quiet):
    app(BLUE, name="fine")
    app(NO_BLUE, name="old")
    app({"tests": {"othertst": {}}}, name="other")
    app(NO_BLUE, name="elsewhere", environment="qa")
    loud = definition_of(edit(base=quiet[0].id, allocations=LOUD))
    said = what_applications_say("production", NAME, loud)
    assert [(each.application.name, each.state) for each in said] == [
        ("fine", "ok"),
        ("old", "breaks"),
        ("other", "undeclared"),
    ]
    assert said[1].reasons[0].startswith("buttontst: visitors can get the bucket blue (1)")
    assert [each.state for each in what_applications_say("production", NAME, None)] == [
        "breaks",
        "breaks",
        "undeclared",
    ]


def test_what_is_missing_or_cannot_be_loaded_is_what_verify_reports(quiet):
    specification = {
        "tests": {
            NAME: {"buckets": {"control": 0}, "fallbackValue": 0},
            "gonetst": {},
        }
    }
    standing = standing_on_branch(known_application(app(specification)))
    assert standing.missing == ("gonetst",)
    assert [*standing.faults] == [NAME]
    assert not standing.is_satisfied


def test_a_declared_test_is_never_stale(quiet, editor, monkeypatch):
    from datetime import timedelta

    from proctor.editor.pages import catalog

    monkeypatch.setattr(catalog, "_STALE", timedelta(0))

    def state():
        found = catalog.read_catalog()
        return found.states(found.tests.values())[NAME]

    assert state() == "stale"
    app(BLUE)
    assert state() == "running"
    forget(ADA, "mobile", "production")
    app({"dynamicFilters": [{"type": "match_all"}]})
    assert state() == "running"


# -- Registering -----------------------------------------------------------------------------------


def test_an_application_that_registers_again_replaces_what_it_said(editor):
    first = register(ADA, "mobile", "production", json.dumps(NO_BLUE), version="1")
    again = register(ADA, "mobile", "production", json.dumps(BLUE), version="2")
    assert (first.is_new, again.is_new) == (True, False)
    (known,) = read_applications().on("production")
    assert (known.version, len(known.specification.tests[NAME].buckets)) == ("2", 3)
    assert again.application.last_seen >= first.application.last_seen


def test_a_specification_as_in_the_documentation_of_proctor_is_read(editor):
    text = """{
      // https://opensource.indeedeng.io/proctor/docs/specification/
      "providedContext": {"lang": "String", "userAgent": "com.example.UserAgent"},
      "tests": {
        "bgcolortst": {
          "buckets": {"inactive": -1, "control": 0, "altcolor1": 1},
          "fallbackValue": -1,
          "payload": {"type": "map", "schema": {"color": "stringValue", "size": "longValue"},
                      "validator": "size > 0"}
        }
      },
      "dynamicFilters": [{"type": "meta_tags_filter", "meta_tags": ["checkout"]}]
    }"""
    kept = register(ADA, "java-app", "production", text).application
    assert kept.specification.isascii()
    assert json.loads(kept.specification)["tests"]["bgcolortst"]["fallbackValue"] == -1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "json"),
        ("[]", "json"),
        ('{"tests": {"a": null}}', "specification-null"),
        ('{"tests": {"a": {"payload": {"type": "oddity"}}}}', "specification-payload-type"),
        (
            '{"tests": {"a": {"payload": {"type": "longValue", "validator": "${value >}"}}}}',
            "specification-validator",
        ),
        ("[" * 200_000, ""),
        ('{"tests": {"a": {"buckets": {"b": 1e400}}}}', ""),
        (json.dumps({"tests": {f"t{n}": {} for n in range(10_001)}}), "specification-size"),
        (json.dumps({"providedContext": {f"v{n}": "int" for n in range(501)}}), "size"),
        (json.dumps({"dynamicFilters": [{"type": "match_all"}] * 101}), "size"),
        (
            json.dumps(
                {"tests": {"a": {"payload": {"type": "longValue", "validator": "!" * 3000}}}}
            ),
            "size",
        ),
        ('{"dynamicFilters": [{"type": "name_pattern", "regex": "(a+)+b"}]}', ""),
    ],
)
def test_a_specification_that_cannot_be_used_is_refused(editor, text, code):
    with pytest.raises(Refused) as refusal:
        register(ADA, "mobile", "production", text)
    assert any(code in each.code for each in refusal.value.problems)
    assert not Application.objects.exists()


@pytest.mark.parametrize("name", ["", "a/b", "a b", "x" * 101, "ä", "a\n"])
def test_a_name_that_no_address_can_have_is_refused(editor, name):
    with pytest.raises(Refused, match="expected an application name"):
        register(ADA, name, "production", "{}")


def test_there_are_only_so_many_applications(editor, monkeypatch):
    monkeypatch.setattr(registering, "MAX_APPLICATIONS", 2)
    app({}, name="a")
    app({}, name="b")
    app({}, name="b")
    with pytest.raises(Refused, match="are registered already"):
        app({}, name="c")


def test_an_environment_is_a_branch(editor):
    with pytest.raises(NotFound, match="there is no branch 'prod'"):
        register(ADA, "mobile", "prod", "{}")


def test_a_specification_that_was_written_past_the_service_is_left_out(editor):
    kept = app(NO_BLUE)
    Application.objects.filter(pk=kept.pk).update(specification="{", digest="0" * 64)
    assert read_applications().known == ()


def test_a_standing_follows_what_is_published(editor):
    specification = {
        "tests": {"parenttst": {"buckets": {"control": 0}, "fallbackValue": 0}, "childtst": {}},
        "dynamicFilters": [{"type": "name_prefix", "prefix": "late"}],
    }
    known = known_application(app(specification))

    def standing():
        found = standing_on_branch(known)
        return found.missing, sorted(found.faults), found.by_filter

    assert standing() == (("childtst", "parenttst"), [], ())
    only = [{"rule": None, "ranges": [{"bucketValue": 0, "length": 1.0}]}]
    parent = edit("parenttst", allocations=only)
    child = edit("childtst", dependsOn={"testName": "parenttst", "bucketValue": 0})
    together(parent, child)
    assert standing() == ((), [], ())
    loud = edit("parenttst", base=parent.id, allocations=LOUD)
    on = head_of("parenttst", "production")
    promote(loud, on, test="parenttst", override="agreed")
    assert standing() == ((), ["childtst", "parenttst"], ())
    promote(edit("latetst"), test="latetst")
    assert standing() == ((), ["childtst", "parenttst"], ("latetst",))
    back = head_of("parenttst", "production")
    services.roll_back(ADA, "parenttst", "production", on.id, base=back.id)
    assert standing() == ((), [], ("latetst",))
