"""The pages: access, content, and the effects of a decision."""

from __future__ import annotations

import csv
import json
import re
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from proctor import Metric
from proctor.results.models import Decision, LatestVerdict, Outcome, Tally
from proctor.results.testing import record_results
from tests.page_elements import Page
from tests.results.conftest import definition
from tests.results.samples import noted, store

LIST = "/proctor/results/"
PAGE = f"{LIST}tests/buttontst/"
DECIDE = f"{PAGE}decide/"


@pytest.fixture
def site(db, settings):
    settings.PROCTOR_TESTS = ("buttontst", "sleepytst")
    settings.PROCTOR_METRICS = ()
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    settings.PROCTOR_EDITOR_BRANCHES = ("production",)
    settings.PROCTOR_EDITOR_APPROVALS = {}
    return settings


@pytest.fixture
def rows(site):
    store(noted(definition(), 300))


def person(*permissions, app="proctor_results"):
    user = User.objects.create_user("ada")
    found = Permission.objects.filter(content_type__app_label=app, codename__in=permissions)
    user.user_permissions.set(found)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def viewer(rows):
    return person("view_results")


@pytest.fixture
def decider(rows):
    return person("view_results", "decide")


def parsed(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return Page(response.text)


ADDRESSES = [
    LIST,
    PAGE,
    DECIDE,
    f"{PAGE}exposures.csv",
    f"{PAGE}outcomes.csv",
    f"{PAGE}report.json",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_strangers_are_asked_to_sign_in(site, address):
    response = Client().get(address)
    assert response.status_code == 302
    assert response.url.endswith(f"sign-in/?next={quote(address)}")


@pytest.mark.parametrize("address", ADDRESSES)
def test_people_without_the_permission_are_refused(rows, address):
    response = person().get(address)
    assert response.status_code == 403
    assert "ada does not have the permission proctor_results." in response.text


@pytest.mark.parametrize("address", ADDRESSES[:2])
def test_no_cache_keeps_a_page(viewer, address):
    response = viewer.get(address)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store, private"


def test_a_backend_may_grant_single_tests(rows, site):
    site.AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.ModelBackend",
        f"{__name__}.OneTest",
    ]
    client = person()
    assert client.get(PAGE).status_code == 200
    assert client.get(f"{LIST}tests/sleepytst/").status_code == 403
    assert client.get(LIST).status_code == 403


class OneTest:
    def has_perm(self, user, permission, test=None):
        return (permission, test) == ("proctor_results.view_results", "buttontst")


def test_the_list_has_every_test_with_its_state(viewer):
    text = parsed(viewer, LIST).text_of("main")
    assert "buttontst running" in text
    assert "300 exposures" in text
    assert "sleepytst no visitors yet" in text


def test_the_list_has_the_verdict_of_each_test_whose_report_was_read(viewer, site):
    pytest.importorskip("tea_tasting", reason="tea-tasting is not installed")
    assert "report" not in parsed(viewer, LIST).text_of("main")
    viewer.get(PAGE)
    assert "no difference found · report just now" in parsed(viewer, LIST).text_of("main")


@pytest.mark.parametrize(
    ("kind", "group", "warned", "phrase"),
    [
        ("wins", "blue", False, "“blue” wins"),
        ("wins", "blue", True, "“blue” wins, but there are warnings"),
        ("loses", "blue", False, "“blue” loses"),
        ("harms", "blue", True, "“blue” harms a guardrail"),
        ("broken", "", False, "not to be trusted: the split is broken"),
        ("undecided", "", False, "no difference found"),
        ("none", "", False, "no verdict"),
    ],
)
def test_a_verdict_is_one_phrase(viewer, kind, group, warned, phrase):
    from django.utils import timezone

    LatestVerdict.objects.create(
        test="buttontst", kind=kind, group=group, warned=warned, at=timezone.now()
    )
    assert f"buttontst running {phrase} · report just now" in parsed(viewer, LIST).text_of("main")


def test_the_menu_is_that_of_the_editor_for_people_who_may_see_it(viewer, site):
    assert "Stop a test" not in parsed(viewer, LIST).text_of("header")
    site.PROCTOR_EDITOR_BRANCHES = ("trunk", "production")
    User.objects.get().user_permissions.add(
        Permission.objects.get(content_type__app_label="proctor_editor", codename="view")
    )
    links = {str(each): each.attributes["href"] for each in parsed(viewer, LIST).all("a")}
    menu = parsed(viewer, "/proctor/").text_of("nav").split()
    shown = parsed(viewer, LIST).text_of("nav").split()
    assert shown == menu
    assert links["Stop a test"] == "/proctor/stop/"
    assert links["Promote"] == "/proctor/promote/"


def test_the_list_tells_of_lost_rows(viewer):
    from django.utils import timezone

    Tally.objects.create(day=timezone.now().date(), kind=Tally.LOST, number=7)
    assert "7 rows could not be stored" in viewer.get(LIST).text


def test_an_unknown_test_is_not_found(viewer):
    response = viewer.get(f"{LIST}tests/unknowntst/")
    assert response.status_code == 404
    assert "There is no test “unknowntst”." in response.text


def test_a_test_without_visitors_says_so(viewer):
    text = viewer.get(f"{LIST}tests/sleepytst/").text
    assert "Nobody has been exposed yet." in text


def test_the_page_of_a_test_has_its_report_counts_and_sql(viewer):
    pytest.importorskip("tea_tasting", reason="tea-tasting is not installed")
    text = viewer.get(PAGE).text
    assert "Exposures by day" in text
    assert "SELECT" in text
    assert "pip install" not in text
    assert '<section class="pr-report"' in text
    assert "Report (JSON)" in text


def test_without_the_extra_the_page_says_what_to_install(viewer, monkeypatch):
    from proctor.results.reports import reporting

    monkeypatch.setattr(reporting, "_NEEDED", ("no_such_module",))
    text = viewer.get(PAGE).text
    assert "pip install &quot;django-proctor[analysis]&quot;" in text or (
        'pip install "django-proctor[analysis]"' in text
    )
    assert "Exposures by day" in text
    assert "Exposures (CSV)" in text
    # It would be a 404.
    assert "Report (JSON)" not in text


def test_a_hostile_name_is_text(site):
    name = "<script>alert(1)</script>"
    store(noted(definition(), 20, name=name))
    client = person("view_results")
    for address in (LIST, f"{LIST}tests/{quote(name)}/"):
        text = client.get(address).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_the_rows_can_be_downloaded(viewer):
    response = viewer.get(f"{PAGE}exposures.csv")
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="buttontst-exposures.csv"'
    )
    found = list(csv.DictReader(b"".join(response.streaming_content).decode().splitlines()))
    assert len(found) == 300
    response = viewer.get(f"{PAGE}outcomes.csv")
    found = list(csv.DictReader(b"".join(response.streaming_content).decode().splitlines()))
    assert len(found) == Outcome.objects.count()


def test_the_report_is_there_as_json(viewer):
    pytest.importorskip("tea_tasting", reason="tea-tasting is not installed")
    assert viewer.get(f"{PAGE}report.json").json()["visitors"]["counted"] == 300
    response = viewer.get(f"{LIST}tests/sleepytst/report.json")
    assert (response.status_code, response.json()["error"]) == (
        404,
        "No visitor has been exposed to this test yet.",
    )


# -- decisions ------------------------------------------------------------------------------


GIVEN = {"verdict": "won", "group": "blue", "reason": "More orders, no complaints."}


def test_a_decision_is_stored_and_shown(decider):
    assert decider.post(DECIDE, GIVEN).url == PAGE
    decision = Decision.objects.get()
    assert (decision.verdict, decision.group, decision.author) == ("won", "blue", "ada")
    text = parsed(decider, PAGE).text_of("main")
    assert "buttontst won: “blue”" in text
    assert "More orders, no complaints. ada ·" in text
    assert "buttontst won: “blue”" in parsed(decider, LIST).text_of("main")


def test_a_decision_leads_to_the_editor_that_finishes_the_test(decider, site):
    from proctor.editor.access.permissions import command
    from proctor.editor.changes import services

    site.PROCTOR_MATRIX = "editor:production"
    services.edit(command(), "buttontst", json.dumps(definition(description="A button")), base=None)
    user = User.objects.get()
    codes = ("view", "edit")
    user.user_permissions.add(
        *Permission.objects.filter(content_type__app_label="proctor_editor", codename__in=codes)
    )
    decider.post(DECIDE, GIVEN)
    (link,) = [
        each for each in parsed(decider, PAGE).all("a") if "everyone gets “blue”" in str(each)
    ]
    shown = parsed(decider, str(link.attributes["href"])).text_of("main")
    assert "Finish buttontst on" in shown
    assert "jump from control to blue" in shown
    decider.post(DECIDE, {**GIVEN, "verdict": "lost"})
    text = parsed(decider, PAGE).text_of("main")
    assert "Finish or stop the test in the editor" in text
    assert "everyone gets “blue”" not in text


@pytest.mark.parametrize(
    ("shares", "state"),
    [
        ({1: 1.0}, "finished: “blue”"),
        ({0: 0.0, 1: 1.0}, "finished: “blue”"),
        ({-1: 1.0}, "stopped"),
        ({0: 0.5, 1: 0.5}, "running"),
    ],
)
def test_a_test_of_which_all_visitors_get_one_group_does_not_run(
    viewer, site, tmp_path, shares, state
):
    ranges = [{"bucketValue": value, "length": length} for value, length in shares.items()]
    changed = definition(allocations=[{"rule": None, "ranges": ranges}])
    changed["buckets"] = [
        {"name": name, "value": value, "description": ""}
        for name, value in (("inactive", -1), ("control", 0), ("blue", 1))
    ]
    site.PROCTOR_MATRIX = tmp_path / "matrix.json"
    site.PROCTOR_MATRIX.write_text(json.dumps({"audit": {}, "tests": {"buttontst": changed}}))
    assert f"buttontst {state}" in parsed(viewer, LIST).text_of("main")
    assert f"buttontst {state}" in parsed(viewer, PAGE).text_of("main")


def test_a_later_decision_counts_and_the_earlier_stays(decider):
    decider.post(DECIDE, GIVEN)
    decider.post(DECIDE, {"verdict": "neither", "reason": "It was the weather."})
    text = parsed(decider, PAGE).text_of("main")
    assert "No group won It was the weather." in text
    assert "Earlier decisions ada · “blue” won" in text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"verdict": "perhaps"}, "Choose won, lost or neither."),
        ({"group": "purple"}, "Choose the group that won or lost."),
        ({"reason": " "}, "Give a reason"),
        ({"reason": "a\0b"}, "Give a reason"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(decider, changes, problem):
    response = decider.post(DECIDE, {**GIVEN, **changes})
    assert response.status_code == 422
    assert problem in response.text
    assert not Decision.objects.exists()


def test_the_winner_of_the_report_is_chosen_before(site, decider):
    pytest.importorskip("tea_tasting", reason="tea-tasting is not installed")
    site.PROCTOR_METRICS = (Metric("order", kind="proportion", primary=True),)
    store(noted(definition(), 4000, days=20, effect=0.3, first=1000))
    form = decider.get(DECIDE).text
    assert re.search(r'value="won" required checked', form)
    assert "<option selected>blue</option>" in form
    assert "The report says: “blue” wins: " in form
    # A person's own choice is kept.
    form = decider.post(DECIDE, {**GIVEN, "verdict": "neither", "reason": ""}).text
    assert re.search(r'value="neither" required checked', form)


def test_the_loser_of_the_report_is_chosen_before(site, decider):
    pytest.importorskip("tea_tasting", reason="tea-tasting is not installed")
    site.PROCTOR_METRICS = (Metric("order", kind="proportion", primary=True),)
    store(noted(definition(), 4000, days=20, effect=-0.3, first=1000))
    form = decider.get(DECIDE).text
    assert re.search(r'value="lost" required checked', form)
    assert "<option selected>blue</option>" in form


def test_without_a_winner_nothing_is_chosen(decider):
    form = decider.get(DECIDE).text
    assert "checked" not in form
    assert "<option selected>" not in form


def test_viewers_cannot_decide(viewer):
    assert "Decide" not in parsed(viewer, PAGE).text_of("main")
    assert viewer.post(DECIDE, GIVEN).status_code == 403


def test_the_editors_history_has_the_decision(decider, site):
    from proctor.editor.access.permissions import command
    from proctor.editor.changes import services
    from proctor.editor.models import Revision

    services.edit(command(), "buttontst", json.dumps(definition(description="A button")), base=None)
    user = User.objects.get()
    user.user_permissions.add(
        Permission.objects.get(content_type__app_label="proctor_editor", codename="edit")
    )
    decider.post(DECIDE, GIVEN)
    newest = Revision.objects.order_by("-version").first()
    assert newest.message == "Decided: “blue” won. More orders, no complaints."
    assert newest.author == "ada"
    assert Decision.objects.get().revision == newest.id


def test_a_history_that_refuses_the_decision_is_told(decider):
    from proctor.editor.access.permissions import command
    from proctor.editor.changes import services

    services.edit(command(), "buttontst", json.dumps(definition(description="A button")), base=None)
    decider.post(DECIDE, GIVEN)
    assert Decision.objects.get().revision == ""
    assert "was not added to the editor's history: ada does not have the permission" in (
        parsed(decider, PAGE).text_of("main").replace("’", "'")
    )


# -- outcomes of browsers -------------------------------------------------------------------

RECORD = f"{LIST}record/"


@pytest.fixture
def browsing(site):
    site.PROCTOR_RESULTS_FROM_BROWSER = True
    site.PROCTOR_METRICS = (
        Metric("signed_up"),
        Metric("bought", source="shop.metrics.orders"),
        Metric("share", numerator="signed_up", denominator="signed_up"),
    )
    with record_results() as results:
        yield results


def send(body, client=None, **options):
    client = client or Client(headers={"cookie": "proctor_id=ann"})
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return client.post(RECORD, text, content_type="application/json", **options)


def test_browsers_may_send_nothing_by_default(site):
    assert send({"metric": "signed_up"}).status_code == 404


def test_a_browser_sends_an_outcome_of_its_own_visitor(browsing):
    assert send({"metric": "signed_up", "value": 2}).status_code == 204
    browsing.flush()
    row = Outcome.objects.get()
    assert (row.visitor, row.metric, row.value) == ("ann", "signed_up", 2.0)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 400),
        (b"\xff", 400),
        ("[" * 1000, 400),
        ({"metric": "unknown"}, 400),
        ({"metric": "bought"}, 400),
        ({"metric": "share"}, 400),
        ({"metric": ["signed_up"]}, 400),
        ({"metric": "signed_up", "visitor": "bob"}, 400),
        ({"metric": "signed_up", "value": "1"}, 400),
        ({"metric": "signed_up", "value": True}, 400),
        ({"metric": "signed_up", "value": 1e10}, 400),
        ('{"metric": "signed_up", "value": NaN}', 400),
        ({"metric": "signed_up", "value": 10**400}, 400),
        ({"metric": "signed_up", "value": 1, "x": "y" * 2000}, 413),
    ],
)
def test_a_browser_sends_nothing_else(browsing, body, status):
    response = send(body)
    assert response.status_code == status
    assert "expected" in response.json()["error"]
    browsing.flush()
    assert not Outcome.objects.exists()


def test_a_browser_sends_the_token_against_forgery(browsing):
    strict = Client(enforce_csrf_checks=True, headers={"cookie": "proctor_id=ann"})
    assert send({"metric": "signed_up"}, strict).status_code == 403
    assert Client().get(RECORD).status_code == 405
