"""Promote, Applications, and other pages that show applications, without JavaScript."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from proctor import ProctorTest
from proctor.editor.access.permissions import command
from proctor.editor.applications.registering import register
from proctor.editor.changes import services
from proctor.editor.models import Application, Hold, Proposal, Revision
from proctor.editor.publishing.heads import definition_of, head_of
from tests.editor.samples import shares, text_of
from tests.editor.test_pages import fields, signed_in, text, user

ADA = command("ada")
ROOT = "/proctor/"
PROMOTE = f"{ROOT}promote/"
NO_BLUE = {"tests": {"buttontst": {"buckets": {"inactive": -1, "control": 0}}}}
TO_PRODUCTION = {"from": "trunk", "to": "production"}


def edit(test="buttontst", base=None, **changes):
    return services.edit(ADA, test, text_of(salt=f"&{test}", **changes), base=base).revision


@pytest.fixture
def two(editor):
    editor.PROCTOR_EDITOR_BRANCHES = ("trunk", "production")
    return editor


@pytest.fixture
def grace(two):
    """A user who may promote but not override."""
    return signed_in("view", "edit", "promote_production", "register")


@pytest.fixture
def boss(two):
    return signed_in("view", "promote_production", "override", name="boss")


@pytest.fixture
def mobile(two):
    """An application on production that does not declare the group blue."""
    return register(ADA, "mobile", "production", json.dumps(NO_BLUE), version="7").application


def chosen(*tests):
    return {**TO_PRODUCTION, "test": [*tests]}


def post(client, *tests, **more):
    """Send the form of the preview."""
    preview = client.get(PROMOTE, chosen(*tests))
    heads = [head_of(test, "trunk") for test in tests]
    for each in heads:
        assert each.id in preview.content.decode()
    bases = []
    for test in tests:
        found = Revision.objects.filter(test=test, branch__name="production").order_by("-version")
        bases.append(found[0].id if found else "")
    body = {**chosen(*tests), "revision": [each.id for each in heads], "base": bases, **more}
    return client.post(PROMOTE, body)


def test_what_differs_can_be_chosen(grace):
    first = edit()
    edit("othertst")
    services.promote(ADA, "buttontst", "trunk", "production", revision=first.id, base=None)
    page = text(grace.get(PROMOTE))
    assert "othertst" in page
    assert "buttontst" not in page


def test_the_old_revision_is_before_the_new_one(grace):
    first = edit()
    page = text(grace.get(PROMOTE, chosen("buttontst")))
    assert f"{first.id} · new on production" in page
    services.promote(ADA, "buttontst", "trunk", "production", revision=first.id, base=None)
    second, live = edit(base=first.id, description="other"), head_of("buttontst", "production")
    page = text(grace.get(PROMOTE, chosen("buttontst")))
    assert f"{live.id} → is replaced by {second.id}" in page


def test_with_one_branch_there_is_nothing_to_promote_to(grace, two):
    two.PROCTOR_EDITOR_BRANCHES = ("production",)
    assert grace.get(PROMOTE).status_code == 404
    assert "Promote" not in text(grace.get(ROOT))


def test_the_page_says_who_moves_and_what_applications_say(grace, mobile):
    edit(allocations=shares(inactive=0.5, control=0.5))
    register(ADA, "other", "production", "{}")
    page = text(grace.get(PROMOTE, chosen("buttontst")))
    assert "50 % of visitors enter, nobody changes groups." in page
    assert "ok mobile 7" in page
    assert "does not declare it other" in page


def test_one_test_is_promoted(grace):
    edit()
    response = post(grace, "buttontst", message="For spring")
    head = head_of("buttontst", "production")
    assert (response.status_code, head.message) == (303, "For spring")
    assert response.url.endswith(f"/tests/buttontst/?published={head.id}")


def test_several_tests_are_promoted_in_one_publication(grace):
    edit()
    edit("othertst")
    response = post(grace, "buttontst", "othertst")
    assert {head_of(each, "production").version for each in ("buttontst", "othertst")} == {1}
    page = text(grace.get(response.url))
    assert "Published 2 tests on production together." in page


def test_a_test_and_its_dependent_say_so_of_each_other_only(grace):
    edit("parenttst")
    edit("childtst", dependsOn={"testName": "parenttst", "bucketValue": 1})
    edit("othertst")
    page = text(grace.get(PROMOTE, chosen("parenttst", "childtst", "othertst")))
    assert page.count("depends on this test") == 1


def test_what_breaks_an_application_has_no_button(grace, mobile):
    edit(allocations=shares(control=0.5, blue=0.5))
    page = grace.get(PROMOTE, chosen("buttontst"))
    assert "would break mobile 7 buttontst: visitors can get the bucket" in text(page)
    assert "The promotion is blocked because it would break mobile@7." in text(page)
    assert "grace does not have the permission proctor_editor.override" in text(page)
    assert "Promote anyway" not in text(page)
    assert post(grace, "buttontst").status_code == 422
    assert post(grace, "buttontst", anyway="1", override="please").status_code == 403
    assert not Revision.objects.filter(branch__name="production").exists()


def test_whoever_may_override_says_why(boss, mobile):
    edit(allocations=shares(control=0.5, blue=0.5))
    assert "Promote anyway" in text(boss.get(PROMOTE, chosen("buttontst")))
    assert post(boss, "buttontst", override="without the button").status_code == 422
    assert post(boss, "buttontst", anyway="1", override=" ").status_code == 422
    assert post(boss, "buttontst", anyway="1", override="agreed").status_code == 303
    history = text(boss.get(f"{ROOT}tests/buttontst/"))
    assert "Published although it breaks mobile@7: agreed" in history


def test_what_would_be_dropped_cannot_be_overridden(boss):
    edit("parenttst")
    edit("childtst", dependsOn={"testName": "parenttst", "bucketValue": 1})
    page = boss.get(PROMOTE, chosen("childtst"))
    assert "It cannot be promoted: see above." in text(page)
    assert "parenttst" in text(page)
    assert post(boss, "childtst", anyway="1", override="agreed").status_code == 422


def test_whoever_may_not_promote_sees_which_permission_is_missing(two):
    edit()
    page = text(signed_in("view").get(PROMOTE, chosen("buttontst")))
    assert "does not have the permission proctor_editor.promote_production" in page


def test_the_revision_that_was_looked_at_is_promoted(grace):
    first = edit()
    preview = fields(grace.get(PROMOTE, chosen("buttontst")))
    later = edit(base=first.id, description="Later")
    grace.post(PROMOTE, preview)
    promoted = head_of("buttontst", "production").promoted_from_id
    assert promoted == first.id != later.id


def test_on_top_of_somebody_else_it_is_shown_again(grace):
    first = edit()
    preview = fields(grace.get(PROMOTE, chosen("buttontst")))
    services.promote(ADA, "buttontst", "trunk", "production", revision=first.id, base=None)
    later = edit(base=first.id, description="Later")
    again = grace.post(PROMOTE, preview)
    assert again.status_code == 409
    assert "Someone has published a change in the meantime" in text(again)
    assert fields(again)["revision"] == later.id


def test_a_test_that_is_held_is_marked(grace):
    first = edit()
    on = services.promote(ADA, "buttontst", "trunk", "production", revision=first.id, base=None)
    services.stop(ADA, "buttontst", "production", reason="it hurts")
    assert on
    assert Hold.objects.exists()
    assert "held" in text(grace.get(PROMOTE))


def test_a_test_offers_the_branches_that_differ(grace):
    first = edit()
    page = f"{ROOT}tests/buttontst/"
    assert "Promote to production" in text(grace.get(page))
    services.promote(ADA, "buttontst", "trunk", "production", revision=first.id, base=None)
    assert "Promote to production" not in text(grace.get(page))


@pytest.mark.parametrize(
    "query",
    [
        {"from": "nowhere"},
        {"from": "trunk", "to": "nowhere"},
        {"test": "nowhere"},
        {"test": "buttontst", "revision": "nothing", "base": ""},
    ],
)
def test_nonsense_is_not_found(grace, query):
    edit()
    assert grace.get(PROMOTE, query).status_code == 404


# -- Applications -----------------------------------------------------------------------------


def test_applications_are_listed_with_what_they_lack(grace, mobile, two):
    first = edit()
    services.promote(
        ADA, "buttontst", "trunk", "production", revision=first.id, base=None, override="x"
    )
    two.PROCTOR_TESTS = (ProctorTest("absenttst", groups={"control": 0}, default="control"),)
    page = text(grace.get(f"{ROOT}applications/"))
    assert "mobile production declares 1 test · version 7 · last seen" in page
    assert "buttontst : visitors can get the bucket blue (1), which the application does" in page
    assert "1 incompatible" in page
    assert "shop this site production declares 1 test · does not need to register" in page
    assert "absenttst: missing 1 missing" in page


def test_without_applications_the_page_says_how_to_register(grace):
    page = text(grace.get(f"{ROOT}applications/"))
    assert "No applications yet" in page
    assert "manage.py proctor_register --to http://testserver/proctor/" in page


def test_an_application_shows_its_specification(grace, two):
    specification = {
        "providedContext": {"country": "String"},
        "tests": {
            "buttontst": {
                "buckets": {"inactive": -1, "blue": 1},
                "payload": {"type": "stringValue"},
            }
        },
        "dynamicFilters": [{"type": "name_prefix", "prefix": "checkout"}],
    }
    register(ADA, "mobile", "production", json.dumps(specification))
    page = text(grace.get(f"{ROOT}applications/mobile/production/"))
    assert "inactive -1, blue 1 · else -1 · payload stringValue" in page
    assert "country String" in page
    assert "name_prefix checkout" in page
    assert "1 test is not on production." in page
    assert '"providedContext": {' in page


def test_a_retired_application_is_forgotten(grace, mobile):
    here = f"{ROOT}applications/mobile/production/"
    assert "Forget this application" in text(grace.get(here))
    assert grace.post(here).status_code == 303
    assert not Application.objects.exists()


def test_whoever_may_not_register_forgets_nothing(boss, mobile):
    here = f"{ROOT}applications/mobile/production/"
    assert "Forget this application" not in text(boss.get(here))
    assert boss.post(here).status_code == 403
    assert Application.objects.exists()


def test_the_site_itself_cannot_be_forgotten(grace, two):
    two.PROCTOR_TESTS = ("buttontst",)
    here = f"{ROOT}applications/shop/production/"
    assert "This site. It does not need to register." in text(grace.get(here))
    assert grace.post(here).status_code == 404


@pytest.mark.parametrize("path", ["applications/nobody/production/", "applications/mobile/qa/"])
def test_an_unknown_application_is_not_found(grace, mobile, path):
    assert grace.get(ROOT + path).status_code == 404


def test_a_stranger_sees_no_applications(two, mobile):
    stranger = signed_in(name="stranger")
    for path in ("applications/", "applications/mobile/production/", "promote/"):
        assert stranger.get(ROOT + path).status_code == 403


def test_the_page_of_a_test_says_which_applications_declare_it(grace, mobile):
    edit()
    assert "Declared by mobile production" in text(grace.get(f"{ROOT}tests/buttontst/"))


def test_a_rule_is_built_from_a_variable_of_an_application(grace, two):
    first = edit()
    register(ADA, "mobile", "production", '{"providedContext": {"age": "int"}}')
    form = grace.get(f"{ROOT}tests/buttontst/edit/")
    assert "age (int)" in text(form)
    assert "country (String)" in text(form)
    body = {
        **fields(form),
        "build-test-variable": "age",
        "build-test-operator": "==",
        "build-test-operand": "18",
        "do": "build-test",
    }
    built = grace.post(f"{ROOT}tests/buttontst/edit/", body)
    assert fields(built)["rule"] == "age == 18"
    assert definition_of(first).test.rule is None


def test_pages_take_few_queries_however_many_applications_there_are(
    grace, django_assert_max_num_queries
):
    edit()
    for number in range(30):
        document = {"tests": {"buttontst": {}, f"test{number}": {}}}
        register(ADA, f"app{number}", "production", json.dumps(document))
    grace.get(f"{ROOT}applications/")
    pages = {"": 12, "tests/buttontst/": 15, "tests/buttontst/edit/": 15, "applications/": 10}
    for page, most in pages.items():
        with django_assert_max_num_queries(most):
            grace.get(ROOT + page)


class Owning:
    """A backend that lets people do everything with tests that begin with their name."""

    def authenticate(self, request, **credentials):
        return None

    def has_perm(self, user_obj, perm, obj=None):
        return obj is not None and obj.startswith(user_obj.get_username())


@pytest.fixture
def owner(two):
    """A user with permissions only for their own tests."""
    two.AUTHENTICATION_BACKENDS = [
        "tests.editor.test_promote_pages.Owning",
        "django.contrib.auth.backends.ModelBackend",
    ]
    client = Client()
    backend = "django.contrib.auth.backends.ModelBackend"
    client.force_login(user(name="eve"), backend=backend)
    return client


def test_people_promote_the_tests_that_they_own_and_see_no_others(owner):
    edit("evetst")
    edit("buttontst")
    page = text(owner.get(PROMOTE))
    assert "evetst" in page
    assert "buttontst" not in page
    assert owner.get(PROMOTE, chosen("buttontst")).status_code == 403
    assert post(owner, "evetst").status_code == 303


def test_people_see_of_an_application_the_tests_that_they_own(owner):
    edit("evetst")
    specification = {"tests": {"evetst": {}, "othertst": {}}}
    register(ADA, "mobile", "production", json.dumps(specification))
    for path in ("applications/", "applications/mobile/production/"):
        page = text(owner.get(ROOT + path))
        assert "evetst" in page
        assert "othertst" not in page


# -- Where other people must approve ----------------------------------------------------------


@pytest.fixture
def approved(two):
    two.PROCTOR_EDITOR_APPROVALS = {"production": 1}
    return two


@pytest.fixture
def approver(approved):
    return signed_in("view", "approve", name="eve")


def decide(client, number, step):
    """Press a button on the page of a proposal."""
    page = client.get(f"{ROOT}review/{number}/")
    return client.post(f"{ROOT}review/{number}/", {**fields(page), "do": step})


def test_an_override_is_proposed_with_its_reason_and_published(boss, approver, mobile):
    edit(allocations=shares(control=0.5, blue=0.5))
    assert "Propose anyway" in text(boss.get(PROMOTE, chosen("buttontst")))
    response = post(boss, "buttontst", anyway="1", override="agreed")
    proposal = Proposal.objects.get()
    assert response.url == f"{ROOT}review/{proposal.pk}/"
    assert proposal.override_reason == "agreed"
    assert decide(approver, proposal.pk, "approve").status_code == 303
    assert decide(boss, proposal.pk, "publish").status_code == 303
    head = head_of("buttontst", "production")
    assert "Published although it breaks mobile@7: agreed" in head.message
    assert head.approver_names == ["eve"]


def test_review_shows_the_reason_next_to_what_would_break(boss, approver, mobile):
    edit(allocations=shares(control=0.5, blue=0.5))
    response = post(boss, "buttontst", anyway="1", override="agreed")
    page = text(approver.get(response.url))
    assert "would break mobile 7" in page
    assert "The proposal would be published even though it breaks an application: agreed" in page
    assert page.count("which the application does not know") == 1


def test_review_does_not_say_that_something_breaks_once_nothing_does(boss, approver, mobile):
    edit(allocations=shares(control=0.5, blue=0.5))
    response = post(boss, "buttontst", anyway="1", override="agreed")
    register(ADA, "mobile", "production", '{"tests": {"buttontst": {}}}', version="8")
    page = text(approver.get(response.url))
    assert "The proposal may break applications: agreed" in page
    assert "although" not in page


def test_an_overridden_proposal_is_published_by_whoever_may_override(boss, grace, approver, mobile):
    edit(allocations=shares(control=0.5, blue=0.5))
    post(boss, "buttontst", anyway="1", override="agreed")
    number = Proposal.objects.get().pk
    decide(approver, number, "approve")
    refused = decide(grace, number, "publish")
    assert refused.status_code == 403
    assert "grace does not have the permission proctor_editor.override" in text(refused)
    assert Proposal.objects.get().is_open


def test_a_reason_to_override_makes_another_proposal(boss, approver, two):
    edit(allocations=shares(control=0.5, blue=0.5))
    post(boss, "buttontst")
    register(ADA, "mobile", "production", json.dumps(NO_BLUE), version="7")
    post(boss, "buttontst", anyway="1", override="agreed")
    assert [each.override_reason for each in Proposal.objects.order_by("pk")] == ["", "agreed"]


def test_several_tests_become_one_proposal_each(boss, approver, two):
    edit()
    edit("othertst")
    response = post(boss, "buttontst", "othertst", message="For spring")
    found = Proposal.objects.order_by("test")
    assert [(each.test, each.kind, each.message) for each in found] == [
        ("buttontst", "promote", "For spring"),
        ("othertst", "promote", "For spring"),
    ]
    shown = text(boss.get(response.url))
    assert "Promote buttontst to production" in shown
    assert "Promote othertst to production" in shown
    assert not Revision.objects.filter(branch__name="production").exists()


def test_of_several_tests_only_what_breaks_an_application_has_the_reason(boss, approver, mobile):
    edit(allocations=shares(control=0.5, blue=0.5))
    edit("othertst")
    post(boss, "buttontst", "othertst", anyway="1", override="agreed")
    reasons = {each.test: each.override_reason for each in Proposal.objects.all()}
    assert reasons == {"buttontst": "agreed", "othertst": ""}


def test_a_held_test_is_not_offered_for_promotion(grace):
    first = edit()
    on = services.promote(ADA, "buttontst", "trunk", "production", revision=first.id, base=None)
    services.stop(ADA, "buttontst", "production", reason="it hurts")
    assert on
    page = text(grace.get(PROMOTE, chosen("buttontst")))
    # The page begins with it.
    assert page.index("buttontst was stopped on") < page.index("Applications in production")
    assert page.index("buttontst was stopped on") < page.index("What changes")
    assert "Promote to production" not in page


def test_a_change_that_was_made_on_the_later_branch_is_named_before_it_is_replaced(grace):
    first = edit()
    services.promote(ADA, "buttontst", "trunk", "production", revision=first.id, base=None)
    edit(base=first.id, description="other words")
    assert "itself was changed" not in text(grace.get(PROMOTE, chosen("buttontst")))
    on = head_of("buttontst", "production")
    services.finish(ADA, "buttontst", "production", 1, base=on.id)
    page = text(grace.get(PROMOTE, chosen("buttontst")))
    assert (
        "Since the last promotion, production itself was changed: finish by ada, just now." in page
    )
    assert "A promotion replaces that change with the revision on trunk." in page
    newest = head_of("buttontst", "production").id
    done = text(grace.get(f"{ROOT}tests/buttontst/?published={newest}"))
    assert "trunk is unchanged. Finish the test there, too" in done
    assert "trunk is unchanged." not in text(grace.get(f"{ROOT}tests/buttontst/"))


# -- The ids of allocations -------------------------------------------------------------------


def uneven():
    """Changed shares of the first allocation that make visitors jump."""
    return [{**each, "id": "#A1"} for each in shares(control=0.3, blue=0.7)]


def ids(branch):
    return [each.id for each in definition_of(head_of("buttontst", branch)).test.allocations]


@pytest.mark.parametrize("others", [(), ("othertst",)])
def test_an_id_that_is_new_to_a_branch_stays_at_promotion(grace, others):
    first = edit(allocations=shares(control=0.5, blue=0.5))
    post(grace, "buttontst")
    edit(base=first.id, allocations=uneven())
    for each in others:
        edit(each)
    post(grace, "buttontst", *others)
    assert ids("trunk") == ids("production") == ["#A2"]
    assert "buttontst" not in text(grace.get(PROMOTE, TO_PRODUCTION))


@pytest.mark.parametrize("others", [(), ("othertst",)])
def test_an_id_that_a_branch_has_had_moves_on_at_promotion(grace, others):
    first = edit(allocations=shares(control=0.5, blue=0.5))
    post(grace, "buttontst")
    edit(base=first.id, allocations=uneven())
    post(grace, "buttontst")
    head = head_of("buttontst", "trunk")
    services.roll_back(ADA, "buttontst", "trunk", revision=first.id, base=head.id)
    assert ids("trunk") == ["#A3"]
    for each in others:
        edit(each)
    body = {
        **chosen("buttontst", *others),
        "revision": [first.id, *(head_of(each, "trunk").id for each in others)],
        "base": [head_of("buttontst", "production").id, *("" for _ in others)],
    }
    assert grace.post(PROMOTE, body).status_code == 303
    assert ids("production") == ["#A4"]
