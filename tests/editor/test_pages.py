"""The pages through Django's client, without JavaScript: access and actions."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from proctor import ProctorTest
from proctor.editor.access.permissions import command
from proctor.editor.changes import services
from proctor.editor.models import Hold, Kind, Revision, Token
from proctor.editor.pages.changes import three_ways, without_filled_in
from proctor.editor.pages.declaration import declaration_of
from proctor.editor.publishing.heads import definition_of
from proctor.resolving.site_setup import current_setup
from proctor.templatetags.proctor_pages import ago
from tests.editor.samples import shares, text_of

ROOT = "/proctor/"
TEST = f"{ROOT}tests/buttontst/"
ADA = command("ada")


@pytest.fixture
def one(editor):
    """A site with a single branch, from which visitors are served."""
    editor.PROCTOR_EDITOR_BRANCHES = ("production",)
    return editor


@pytest.fixture
def revision(one):
    """A test with half of the visitors in inactive, a quarter in control and a quarter in blue."""
    allocations = shares(control=0.25, inactive=0.5, blue=0.25)
    return services.edit(ADA, "buttontst", text_of(allocations=allocations), base=None).revision


def user(*permissions, name="grace"):
    made = get_user_model().objects.create_user(name, password="secret")
    found = Permission.objects.filter(
        content_type__app_label="proctor_editor", codename__in=permissions
    )
    assert len(found) == len(permissions)
    made.user_permissions.set(found)
    return made


def signed_in(*permissions, name="grace"):
    client = Client()
    client.force_login(user(*permissions, name=name))
    return client


@pytest.fixture
def grace(one):
    """A user who may do everything on the first branch."""
    return signed_in("view", "edit", "stop", "delete")


def text(response):
    """The text of the page, without its tags."""
    words = re.sub(r"<[^>]*>", " ", response.content.decode())
    return " ".join(html.unescape(words).split())


def fields(response):
    """The fields that a browser would send from the page's form."""
    found = {}
    page = response.content.decode()
    for tag in re.findall(r"<input[^>]*>", page):
        attributes = {
            key: html.unescape(value) for key, value in re.findall(r'([\w-]+)="([^"]*)"', tag)
        }
        kind = attributes.get("type")
        if "name" in attributes and (kind not in ("checkbox", "radio") or " checked" in tag):
            found[attributes["name"]] = attributes.get("value", "")
    for name, value in re.findall(
        r'<textarea[^>]* name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.S
    ):
        found[name] = html.unescape(value)
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', options)
        if chosen is None:
            chosen = re.search(r'<option(?: value="([^"]*)")?>([^<]*)', options)
        if chosen is not None:
            found[name] = html.unescape(chosen[2] if chosen[1] is None else chosen[1])
    found.pop("csrfmiddlewaretoken", None)
    return found


def served(test="buttontst"):
    return current_setup().source.current().proctor.definition(test)


def lengths():
    return {each.bucket_value: each.length for each in served().allocations[0].ranges}


PAGES = [
    "",
    "create/",
    "matrix/",
    "matrix/import/?branch=production",
    "tokens/",
    "stop/",
    "tests/buttontst/",
    "tests/buttontst/edit/",
    "tests/buttontst/compare/",
    "tests/buttontst/stop/?branch=production",
    "tests/buttontst/finish/?branch=production",
    "tests/buttontst/finish/?branch=production&value=1",
    "tests/buttontst/raise/?branch=production&allocation=1&to=100",
    "tests/buttontst/schedule/?branch=production",
    "schedule/",
    "tests/buttontst/delete/?branch=production",
]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole_private_and_without_inline_script_or_style(revision, grace, page):
    response = grace.get(ROOT + page)
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store, private"
    body = response.content.decode()
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|<style", body)


@pytest.mark.parametrize("page", PAGES)
def test_nobody_in_particular_is_asked_to_sign_in(revision, client, page):
    response = client.get(ROOT + page)
    assert response.status_code == 302
    assert response["Location"].startswith(f"{ROOT}sign-in/?next=")


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_learns_which_permission_is_missing(revision, page):
    response = signed_in(name="eve").get(ROOT + page)
    assert response.status_code == 403
    assert "does not have the permission proctor_editor." in text(response)


@pytest.mark.parametrize("page", [each for each in PAGES if "?" in each or each == "stop/"])
def test_looking_is_not_acting(revision, page):
    assert signed_in("view", name="eve").get(ROOT + page).status_code == 403


def test_who_may_only_look_sees_no_buttons(revision):
    response = signed_in("view", name="eve").get(TEST)
    assert response.status_code == 200
    body = response.content.decode()
    assert "/edit/" not in body
    assert "/finish/" not in body
    assert "/tests/buttontst/stop/" not in body


def test_signing_in_leads_back(revision, client):
    user("view")
    response = client.post(
        f"{ROOT}sign-in/", {"username": "grace", "password": "secret", "next": TEST}
    )
    assert (response.status_code, response["Location"]) == (302, TEST)
    assert client.get(TEST).status_code == 200


def test_a_form_without_its_token_is_refused(revision):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user("view", "edit", "stop"))
    assert strict.post(f"{TEST}edit/", {"do": "publish"}).status_code == 403
    assert strict.post(f"{TEST}stop/", {"branch": "production", "reason": "x"}).status_code == 403
    assert Revision.objects.count() == 1


def test_a_share_that_is_raised_moves_nobody_between_groups(revision, grace):
    form = fields(grace.get(f"{TEST}edit/"))
    assert (form["share-0-0"], form["share-0-1"], form["share-0-2"]) == ("50", "25", "25")
    form |= {"share-0-0": "40", "share-0-1": "30", "share-0-2": "30", "message": "more"}
    checked = grace.post(f"{ROOT}check/", form)
    assert "10 % of visitors enter, nobody changes groups." in text(checked)
    response = grace.post(f"{TEST}edit/", {**form, "do": "publish"}, follow=True)
    assert "10 % of visitors enter, nobody changes groups." in text(response)
    assert lengths() == {0: 0.3, -1: 0.4, 1: 0.3}
    last = Revision.objects.order_by("version").last()
    assert (last.kind, last.author, last.message) == (Kind.EDIT, "grace", "more")


def test_a_jump_is_named_in_red(revision, grace):
    form = fields(grace.get(f"{TEST}edit/"))
    form |= {"share-0-0": "0", "share-0-1": "10", "share-0-2": "90"}
    response = grace.post(f"{ROOT}check/", form)
    assert "pe-is-danger" in response.content.decode()
    assert "50 % of visitors enter, 15 % of visitors jump from control to blue." in text(response)


def published(**changes):
    """Publish another version of the test."""
    base = Revision.objects.order_by("version").last().id
    return services.edit(ADA, "buttontst", text_of(**changes), base=base).revision


def test_under_a_rule_the_shares_are_of_those_whom_it_admits(revision, grace):
    published(rule="country == 'DE'", allocations=shares(control=0.25, inactive=0.5, blue=0.25))
    page = grace.get(f"{TEST}raise/?branch=production&allocation=1&to=100")
    headline = "50 % of the visitors that the rule admits enter, nobody changes groups."
    assert headline in text(page)


def test_a_changed_rule_says_what_is_known_of_those_who_come_and_go(revision, grace):
    form = {**fields(grace.get(f"{TEST}edit/")), "rule": "country == 'DE'"}
    checked = text(grace.post(f"{ROOT}check/", form))
    assert (
        "Different visitors may be in the test: 50 % of the visitors who are no longer admitted "
        "leave, nobody changes groups."
    ) in checked
    assert "at most" not in checked


def test_the_headline_stands_again_below_the_form_for_small_screens(revision, grace):
    form = {**fields(grace.get(f"{TEST}edit/")), "share-0-0": "40", "share-0-1": "35"}
    page = grace.post(f"{TEST}edit/", {**form, "do": "check"}).content.decode()
    dock = page.partition('<div class="pe-dock"')[2]
    assert "10 % of visitors enter, nobody changes groups." in dock
    assert '<button class="pe-button" name="do" value="publish">' in dock


def test_a_problem_stands_at_its_field(revision, grace):
    form = fields(grace.get(f"{TEST}edit/"))
    form |= {"share-0-0": "40"}
    response = grace.post(f"{TEST}edit/", {**form, "do": "publish"})
    found = re.search(r'data-problem-for="allocation-0">([^<]*)<', response.content.decode())
    assert found[1] == "The shares add up to 90 %; they must add up to 100 %."
    assert Revision.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "priority",
            "high",
            (
                "Expected an integer of up to 64 bits as the priority of the payload experiment, "
                "got &#x27;high&#x27;; write a number such as 5, or remove the priority"
            ),
        ),
        (
            "special",
            '{"__COUNTRIES": null}',
            (
                "SpecialConstants.__COUNTRIES: expected a list of strings, got null; "
                "write [&quot;US&quot;, ...], or leave the field out to include all countries"
            ),
        ),
    ],
)
def test_a_value_that_no_application_can_use_is_named_at_its_field(
    revision, grace, name, value, message
):
    form = fields(grace.get(f"{TEST}edit/")) | {name: value}
    response = grace.post(f"{TEST}edit/", {**form, "do": "publish"})
    found = re.search(rf'data-problem-for="{name}">([^<]*)<', response.content.decode())
    assert found[1] == message
    assert Revision.objects.count() == 1


def test_the_rule_of_an_allocation_is_built_from_a_variable(revision, grace):
    form = fields(grace.get(f"{TEST}edit/"))
    form = fields(grace.post(f"{TEST}edit/", {**form, "do": "add-allocation"}))
    assert form["allocation-0-rule"] == ""
    assert form["allocation-1-id"] == "#A1"
    form |= {
        "build-0-variable": "country",
        "build-0-operator": "in",
        "build-0-operand": "DE, AT",
        "do": "build-0",
    }
    response = grace.post(f"{TEST}edit/", form)
    form = fields(response)
    assert form["allocation-0-rule"] == "(country == 'DE' || country == 'AT')"
    assert "country is “DE” or country is “AT”" in text(response)
    grace.post(f"{TEST}edit/", {**form, "do": "publish"})
    assert [each.rule for each in served().allocations] == [
        "${(country == 'DE' || country == 'AT')}",
        None,
    ]


def test_rows_come_and_go_without_a_script(revision, grace):
    form = fields(grace.get(f"{TEST}edit/"))
    form = fields(grace.post(f"{TEST}edit/", {**form, "do": "add-bucket"}))
    assert (form["bucket-3-value"], form["share-0-3"]) == ("2", "0")
    form = fields(grace.post(f"{TEST}edit/", {**form, "do": "remove-bucket-3"}))
    assert "bucket-3-value" not in form
    form = fields(grace.post(f"{TEST}edit/", {**form, "do": "add-constant"}))
    assert form["constant-0-name"] == ""
    form = fields(grace.post(f"{TEST}edit/", {**form, "do": "raise-0-to-100"}))
    assert (form["share-0-0"], form["share-0-1"], form["share-0-2"]) == ("0", "50", "50")


def test_the_allocation_for_everybody_else_stays_last(one, grace):
    rule = {"rule": "${country == 'DE'}", "ranges": shares(blue=1.0)[0]["ranges"]}
    rules = [rule, {**rule, "rule": "${country == 'FR'}"}, *shares(control=1.0)]
    services.edit(ADA, "buttontst", text_of(allocations=rules), base=None)
    page = grace.get(f"{TEST}edit/")
    steps = r'value="((?:up|down|remove-allocation)-[0-9])"'
    assert re.findall(steps, page.content.decode()) == [
        "down-0",
        "remove-allocation-0",
        "up-1",
        "remove-allocation-1",
    ]
    form = {**fields(page), "allocation-2-rule": "country == 'GB'", "do": "check"}
    found = re.findall(steps, grace.post(f"{TEST}edit/", form).content.decode())
    assert "up-2" in found
    assert "remove-allocation-2" in found
    assert "down-1" in found


def test_the_form_and_its_json_are_one(revision, grace):
    form = fields(grace.get(f"{TEST}edit/"))
    form["description"] = "typed in the form"
    raw = fields(grace.post(f"{TEST}edit/", {**form, "do": "json"}))
    assert '"description": "typed in the form"' in raw["json"]
    raw["json"] = raw["json"].replace("typed in the form", "typed as JSON")
    form = fields(grace.post(f"{TEST}edit/", {**raw, "do": "form"}))
    assert form["description"] == "typed as JSON"
    grace.post(f"{TEST}edit/", {**raw, "do": "publish"})
    assert served().description == "typed as JSON"


def test_text_that_is_no_json_is_kept(revision, grace):
    raw = fields(grace.post(f"{TEST}edit/", {**fields(grace.get(f"{TEST}edit/")), "do": "json"}))
    raw["json"] = "{"
    response = grace.post(f"{TEST}edit/", {**raw, "do": "form"})
    assert fields(response)["json"] == "{"
    assert "This is not JSON" in text(response)


def test_what_is_not_changed_is_not_published(revision, grace):
    page = grace.get(f"{TEST}edit/")
    assert "Nothing has changed yet." in text(page)
    response = grace.post(f"{TEST}edit/", {**fields(page), "do": "publish"})
    assert response.status_code == 422
    assert Revision.objects.count() == 1


def test_the_second_of_two_sees_both_changes_and_can_save_on_top(revision, grace):
    form = fields(grace.get(f"{TEST}edit/"))
    services.edit(
        ADA,
        "buttontst",
        text_of(description="Ada's words", allocations=shares(blue=1.0)),
        base=revision.id,
        message="all blue",
    )
    form |= {"description": "Grace's words", "message": "mine"}
    response = grace.post(f"{TEST}edit/", {**form, "do": "publish"})
    assert response.status_code == 409
    shown = text(response)
    assert "ada published a change" in shown
    assert "Ada's words Grace's words" in shown
    assert "allocations 1: blue 25 % 100 % 25 %" in shown
    kept = fields(response)
    assert (kept["description"], kept["message"]) == ("Grace's words", "mine")
    assert kept["base"] != form["base"]
    done = grace.post(f"{TEST}edit/", {**kept, "do": "publish"})
    assert done.status_code == 303
    assert served().description == "Grace's words"


def test_a_test_with_a_payload_is_created(one, grace):
    form = fields(grace.get(f"{ROOT}create/"))
    form |= {
        "test": "headlinetst",
        "description": "What the page says",
        "payload_type": "stringValue",
        "bucket-1-payload": "Hello",
        "bucket-2-payload": "Good morning",
        "owner": "grace",
        "share-0-0": "80",
        "share-0-1": "10",
        "share-0-2": "10",
    }
    response = grace.post(f"{ROOT}create/", {**form, "do": "publish"}, follow=True)
    assert "20 % of visitors enter, nobody changes groups." in text(response)
    made = served("headlinetst")
    assert made.salt == "&headlinetst"
    assert made.buckets[2].payload.value == "Good morning"
    # The inactive group lies between the two, so that both can grow without a jump.
    assert [each.bucket_value for each in made.allocations[0].ranges] == [0, -1, 1]
    assert "owner:grace" in made.meta_tags
    # No page shows the test yet, so its page has the lines that a site needs.
    (code,) = re.findall(
        r"<pre class=\"pe-command\"[^>]*>(.*?)</pre>", response.content.decode(), re.S
    )
    (declared,) = eval(html.unescape(code), {"ProctorTest": ProctorTest})
    assert declared == ProctorTest(
        "headlinetst", {"inactive": -1, "control": 0, "active": 1}, "inactive", str
    )
    assert not list(declared.problems())


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        ({"longArray": [1]}, "    payload=list[int],"),
        ({"map": {"a": 1.0}}, "    payload=dict,"),
        ({"json": {"a": [1]}}, '    payload="json",'),
    ],
)
def test_the_declaration_of_a_test_has_its_payload_and_no_live_default(one, payload, line):
    bucket = {"name": "hi", "value": 1, "description": "", "payload": payload}
    allocations = [{"rule": None, "ranges": [{"bucketValue": 1, "length": 1}]}]
    text = text_of(buckets=[bucket], allocations=allocations)
    made = services.edit(ADA, "hitst", text, base=None).revision
    assert declaration_of("hitst", definition_of(made).test).splitlines() == [
        "ProctorTest(",
        '    "hitst",',
        '    groups={"hi": 1},',
        line,
        "),",
    ]


def test_a_name_that_is_taken_is_refused(revision, grace):
    form = fields(grace.get(f"{ROOT}create/")) | {"test": "buttontst", "description": "again"}
    response = grace.post(f"{ROOT}create/", {**form, "do": "publish"})
    assert response.status_code == 409
    assert "A test with this name already exists" in text(response)


def test_a_copy_begins_with_everything_but_the_salt(revision, grace):
    form = fields(grace.get(f"{ROOT}create/?copy=buttontst"))
    assert (form["salt"], form["allocation-0-id"]) == ("", "")
    assert form["description"] == "The colour of the button"


def test_a_stop_takes_a_reason_and_holds_the_test(revision, grace):
    page = grace.get(f"{TEST}stop/?branch=production")
    form = fields(page)
    assert form["value"] == "-1"
    refused = grace.post(f"{TEST}stop/", {**form, "reason": " "})
    assert refused.status_code == 422
    assert "A stop needs a reason" in text(refused)
    response = grace.post(f"{TEST}stop/", {**form, "reason": "baskets are empty"}, follow=True)
    assert "Stopped by grace" in text(response)
    assert "baskets are empty" in text(response)
    assert lengths() == {-1: 1.0}
    assert "Nothing can be published until it is released." in text(grace.get(f"{TEST}edit/"))
    held = grace.post(
        f"{TEST}edit/", {**fields(grace.get(f"{TEST}edit/")), "description": "x", "do": "publish"}
    )
    assert held.status_code == 409
    assert "Release it first" in text(held)
    grace.post(f"{TEST}release/", {"branch": "production"})
    assert not Hold.objects.filter(released=None).exists()


def test_a_test_is_stopped_from_any_page(revision, grace):
    assert f'href="{ROOT}stop/"' in grace.get(f"{ROOT}tokens/").content.decode()
    form = fields(grace.get(f"{ROOT}stop/"))
    assert form["test"] == "production buttontst"
    response = grace.post(f"{ROOT}stop/", {**form, "reason": "the night"})
    assert response.status_code == 303
    assert lengths() == {-1: 1.0}


def test_among_many_tests_the_one_to_stop_is_typed(revision, grace, monkeypatch):
    monkeypatch.setattr("proctor.editor.pages.stop_views._OFFERED", 0)
    assert fields(grace.get(f"{ROOT}stop/"))["test"] == ""
    page = grace.post(f"{ROOT}stop/", {"test": "buttontst", "do": "check"})
    form = fields(page)
    assert form["test"] == "buttontst"
    grace.post(f"{ROOT}stop/", {**form, "reason": "the night"})
    assert lengths() == {-1: 1.0}


def test_pages_take_few_queries_however_many_tests_there_are(
    one, grace, django_assert_max_num_queries
):
    for number in range(40):
        services.edit(ADA, f"test{number:02}tst", text_of(), base=None)
    for page, most in (("", 12), ("tests/test07tst/", 15), ("tests/test07tst/edit/", 15)):
        with django_assert_max_num_queries(most):
            grace.get(ROOT + page)


def test_a_stop_needs_no_permission_to_edit(revision):
    oncall = signed_in("view", "stop", name="oncall")
    response = oncall.post(f"{TEST}stop/", {"branch": "production", "value": "-1", "reason": "x"})
    assert response.status_code == 303
    assert oncall.post(f"{TEST}finish/", {"branch": "production", "value": "1"}).status_code == 403


def test_a_stop_leads_to_no_live_group(revision, grace):
    form = {"branch": "production", "value": "1", "reason": "x"}
    assert grace.post(f"{TEST}stop/", form).status_code == 422
    assert Revision.objects.count() == 1


def test_raise_says_who_moves_and_does_it(revision, grace):
    page = grace.get(f"{TEST}raise/?branch=production&allocation=1&to=100")
    assert "50 % of visitors enter, nobody changes groups." in text(page)
    response = grace.post(f"{TEST}raise/", fields(page))
    assert response.status_code == 303
    assert lengths() == {0: 0.5, 1: 0.5}


def test_raise_on_top_of_somebody_else_is_shown_again(revision, grace):
    form = fields(grace.get(f"{TEST}raise/?branch=production&allocation=1&to=100"))
    services.edit(
        ADA, "buttontst", text_of(allocations=shares(inactive=0.9, blue=0.1)), base=revision.id
    )
    response = grace.post(f"{TEST}raise/", form)
    assert response.status_code == 409
    assert "Someone has published a change in the meantime" in text(response)
    assert fields(response)["base"] != form["base"]


def test_finish_gives_everybody_the_winner_and_lists_the_code(revision, grace):
    page = grace.get(f"{TEST}finish/?branch=production&value=1")
    assert "50 % of visitors enter, 25 % of visitors jump from control to blue." in text(page)
    assert "Code to clean up" in text(page)
    form = {key: value for key, value in fields(page).items() if key != "q"}
    response = grace.post(f"{TEST}finish/", form)
    assert response.status_code == 303
    assert lengths() == {1: 1.0}


def test_roll_back_publishes_an_older_revision(revision, grace):
    services.edit(ADA, "buttontst", text_of(allocations=shares(blue=1.0)), base=revision.id)
    address = f"{TEST}roll-back/?branch=production&revision={revision.id}"
    assert html.escape(address) in grace.get(TEST).content.decode()
    page = grace.get(address)
    assert "leave" in text(page)
    response = grace.post(f"{TEST}roll-back/", fields(page))
    assert response.status_code == 303
    assert lengths() == {0: 0.25, -1: 0.5, 1: 0.25}
    assert Revision.objects.order_by("version").last().kind == Kind.ROLL_BACK


def test_a_deleted_test_keeps_its_history(revision, grace):
    response = grace.post(f"{TEST}delete/", fields(grace.get(f"{TEST}delete/?branch=production")))
    assert response.status_code == 303
    page = grace.get(TEST)
    assert "This test is deleted." in text(page)
    assert f"revision={revision.id}" in page.content.decode()


def test_the_history_says_what_changed_in_sentences(revision, grace):
    services.edit(
        ADA,
        "buttontst",
        text_of(allocations=shares(control=0.25, inactive=0.25, blue=0.5)),
        base=revision.id,
        message="more blue",
    )
    shown = text(grace.get(TEST))
    assert "more blue" in shown
    assert "blue grows from 25 % to 50 %" in shown
    compared = grace.get(f"{TEST}compare/?old={revision.id}")
    assert "blue grows from 25 % to 50 %" in text(compared)
    assert "pe-line-removed" in compared.content.decode()


def test_pages_of_a_test_belong_to_the_menu_of_tests(revision, grace):
    menu = '<a href="/proctor/" aria-current="{}">Tests</a>'
    assert menu.format("page") in grace.get(TEST).content.decode()
    for each in ("edit/", "finish/", "stop/?branch=production"):
        assert menu.format("true") in grace.get(f"{TEST}{each}").content.decode()
    assert menu.format("true") not in grace.get(f"{ROOT}stop/").content.decode()


def test_the_first_minute_is_just_now(revision, grace):
    assert "ada · create just now" in text(grace.get(TEST))
    assert "changed just now by ada" in text(grace.get(ROOT))
    now = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
    with patch("django.utils.timezone.now", return_value=now):
        assert ago(now - timedelta(seconds=59)) == "just now"
        assert ago(now - timedelta(seconds=60)) == "1\xa0minute ago"
        assert ago(now + timedelta(seconds=5)) == "just now"


def test_a_comparison_leaves_out_fields_that_the_editor_filled_in():
    old = {
        "testType": "USER",
        "buckets": [{"name": "on", "value": 1, "payload": {"stringValue": "a"}}],
        "allocations": [{"id": "#A1", "ranges": [{"bucketValue": 1, "length": 1}]}],
        "constants": {"KEPT": ""},
    }
    new = {
        "salt": "",
        "rule": None,
        "testType": "USER",
        "silent": False,
        "metaTags": [],
        "constants": {},
        "buckets": [
            {"name": "on", "description": "", "value": 1, "payload": {"longValue": 0}},
        ],
        "allocations": [
            {"rule": None, "id": "#A1", "ranges": [{"bucketValue": 1, "length": 1}], "name": ""},
            {"rule": None, "ranges": []},
        ],
    }
    shown = without_filled_in(old, new)
    assert list(shown[0]) == list(shown[1]) == ["testType", "constants", "buckets", "allocations"]
    assert shown[0]["constants"] == {"KEPT": ""}
    assert shown[1]["buckets"] == [{"name": "on", "value": 1, "payload": {"longValue": 0}}]
    assert shown[0]["allocations"][0] == shown[1]["allocations"][0]
    assert shown[1]["allocations"][1] == {"rule": None, "ranges": []}


def test_fields_that_only_the_editor_filled_in_are_no_part_of_a_conflict():
    """An imported definition may omit fields; the editor writes them all."""
    imported = {"description": "old", "allocations": [{"ranges": []}]}
    filled = {"silent": False, "metaTags": [], "dependsOn": None, "specialConstants": {}}
    theirs = {**imported, **filled, "allocations": [{"ranges": [], "name": ""}]}
    yours = {**theirs, "description": "mine", "silent": True, "constants": {"COUNTRIES": []}}
    assert [
        (each.field, each.base, each.yours) for each in three_ways(imported, theirs, yours)
    ] == [
        ("description", "old", "mine"),
        ("silent", "—", "true"),
        ("constants: COUNTRIES", "—", "[]"),
    ]


def test_the_list_is_searched_filtered_and_in_pages(one, grace):
    for number in range(60):
        services.edit(ADA, f"test{number:02}tst", text_of(), base=None)
    services.edit(ADA, "wholetst", text_of(allocations=shares(blue=1.0)), base=None)
    page = grace.get(ROOT)
    assert "Page 1 of 3" in text(page)
    assert "test59tst" not in text(page)
    assert "test59tst" in text(grace.get(f"{ROOT}?page=2"))
    found = grace.get(f"{ROOT}?q=TEST07 colour")
    assert "test07tst" in text(found)
    assert "test08tst" not in text(found)
    decided = text(grace.get(f"{ROOT}?state=decided"))
    assert "wholetst" in decided
    assert "test07tst" not in decided
    assert "Nothing found" in text(grace.get(f"{ROOT}?q=nowhere"))


def test_states_of_tests_on_several_branches(editor):
    made = services.edit(ADA, "buttontst", text_of(), base=None).revision
    eve = signed_in("view", name="eve")
    assert "draft" in text(eve.get(f"{ROOT}?state=draft"))
    services.promote(ADA, "buttontst", "trunk", "production", revision=made.id, base=None)
    assert "buttontst" in text(eve.get(f"{ROOT}?state=running"))
    services.edit(ADA, "buttontst", text_of(allocations=shares(blue=1.0)), base=made.id)
    assert "The branches differ." in text(eve.get(ROOT))


def test_the_list_names_allocations_and_shows_equal_branches_once(editor):
    halves = shares(control=0.5, blue=0.5)
    rules = [{"rule": "${country == 'DE'}", "ranges": shares(blue=1.0)[0]["ranges"]}, *halves]
    made = services.edit(ADA, "buttontst", text_of(allocations=rules), base=None).revision
    services.promote(ADA, "buttontst", "trunk", "production", revision=made.id, base=None)
    eve = signed_in("view", name="eve")
    shown = text(eve.get(ROOT))
    assert "trunk, production country is “DE” blue 100 %" in shown
    assert "everybody else control 50 %" in shown
    assert shown.count("blue 100 %") == 2  # the bar and its legend
    services.edit(ADA, "buttontst", text_of(allocations=halves), base=made.id)
    shown = text(eve.get(ROOT))
    assert "trunk control 50 %" in shown
    assert "production country is “DE”" in shown


def test_a_backend_that_hides_a_test_hides_its_pages(revision, settings):
    settings.AUTHENTICATION_BACKENDS = [
        "tests.editor.test_pages.Hiding",
        "django.contrib.auth.backends.ModelBackend",
    ]
    eve = Client()
    eve.force_login(user("view", "edit"), backend="django.contrib.auth.backends.ModelBackend")
    assert eve.get(TEST).status_code == 404
    assert eve.get(f"{TEST}edit/").status_code == 404
    assert "buttontst" not in text(eve.get(ROOT))


class Hiding:
    """A backend that denies everyone access to one test."""

    def authenticate(self, request, **credentials):
        return None

    def has_perm(self, user_obj, perm, obj=None):
        from django.core.exceptions import PermissionDenied

        if obj == "buttontst":
            raise PermissionDenied
        return False


def test_the_matrix_is_downloaded_and_imported_with_a_preview(revision, grace):
    download = grace.get(f"{ROOT}matrix/?branch=production&download=1")
    assert download["Content-Disposition"] == 'attachment; filename="proctor-production.json"'
    matrix = download.content.decode().replace("The colour", "The color")
    form = {"branch": "production", "text": matrix}
    preview = grace.post(f"{ROOT}matrix/import/", form)
    assert "1 test changes" in text(preview)
    assert "Nobody changes groups." in text(preview)
    assert Revision.objects.count() == 1
    sent = fields(preview) | {"do": "import"}
    assert grace.post(f"{ROOT}matrix/import/", sent).status_code == 303
    assert served().description == "The color of the button"
    again = grace.post(f"{ROOT}matrix/import/", sent)
    assert "Someone has published a change in the meantime." in text(again)


def test_an_import_of_nonsense_says_what_is_wrong(one, grace):
    response = grace.post(f"{ROOT}matrix/import/", {"branch": "production", "text": "{"})
    assert response.status_code == 422
    assert "JSON" in text(response)


def test_a_token_is_shown_once(one, grace):
    response = grace.post(f"{ROOT}tokens/", {"name": "deploy", "scopes": ["read"], "days": "90"})
    secret = re.search(r'value="(proctor_[^"]+)"', response.content.decode())[1]
    token = Token.objects.get()
    assert (token.name, token.scopes, token.branches) == ("deploy", "read", "")
    assert secret not in grace.get(f"{ROOT}tokens/").content.decode()
    grace.post(f"{ROOT}tokens/", {"revoke": token.pk})
    assert not Token.objects.exists()


def test_a_token_of_somebody_else_stays(one, grace):
    signed_in("view", name="eve").post(f"{ROOT}tokens/", {"name": "hers", "scopes": ["read"]})
    grace.post(f"{ROOT}tokens/", {"revoke": Token.objects.get().pk})
    assert Token.objects.count() == 1


def test_try_says_what_a_visitor_would_get(revision, grace):
    form = fields(grace.get(f"{TEST}edit/"))
    form |= {"try-id": "42", "share-0-0": "0", "share-0-1": "0", "share-0-2": "100"}
    tried = grace.post(f"{ROOT}check/", form).content.decode().partition('id="pe-tried"')[2]
    assert "<b>blue</b>" in tried
    assert "ACCOUNT" in tried


def test_too_much_is_not_checked_while_typing(revision, grace):
    assert grace.post(f"{ROOT}check/", {"description": "x" * 70_000}).status_code == 413


def test_the_pages_extend_the_base_of_the_site(revision, grace, settings):
    settings.PROCTOR_BASE_TEMPLATE = "shop/base.html"
    assert "Small Hours" in grace.get(TEST).content.decode()


def test_the_groups_page_leads_to_the_editor(one, settings):
    settings.DEBUG = True
    page = Client().get("/private/proctor/force/")
    assert f'href="{ROOT}"' in page.content.decode()


def test_the_admin_leads_to_the_editor_and_changes_nothing(revision, rf, settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.admin"]
    from django.contrib.admin import AdminSite

    from proctor.editor.admin import EditorAdmin
    from proctor.editor.models import Head

    admin = EditorAdmin(Head, AdminSite())
    request = rf.get("/admin/proctor_editor/head/")
    request.user = user("view", name="eve")
    assert admin.has_module_permission(request)
    assert admin.has_view_permission(request)
    assert not admin.has_add_permission(request)
    assert not admin.has_change_permission(request)
    assert not admin.has_delete_permission(request)
    assert admin.changelist_view(request)["Location"] == ROOT
    request.user = user(name="mallory")
    assert not admin.has_module_permission(request)
