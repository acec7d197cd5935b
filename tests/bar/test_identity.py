"""Another identity: the site evaluates tests for it, and does not send or record exposures."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from django.test import AsyncClient, Client

from proctor import Metric
from proctor.log import ProctorFilter
from proctor.results import arecord, record
from proctor.results.models import Exposure, Outcome, Tally
from proctor.results.testing import record_results
from proctor.signals import exposed
from proctor.visits.bar_cookie import Identity
from tests.bar.bar_site import PAGE
from tests.site_matrices import definition, one_bucket, write_matrix


@pytest.fixture(autouse=True)
def _countries(site, tmp_path):
    """Put Germans and the user `her` into green, and everyone else into blue."""
    site.PROCTOR_CONTEXT = {"country": "String", "age": "long"}
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path,
        buttoncolortst=definition(one_bucket("blue", 1), one_bucket("green", 2))
        | {
            "allocations": [
                {
                    "id": "#B1",
                    "rule": "${country == 'DE'}",
                    "ranges": [{"bucketValue": 2, "length": 1.0}],
                },
                {"id": "#A1", "rule": None, "ranges": [{"bucketValue": 1, "length": 1.0}]},
            ]
        },
        headlinetst=definition(one_bucket("warm", 1), testType="ACCOUNT"),
    )


def use(client, place="/", **fields):
    names = {"user": "id.USER", "account": "id.acctid", "country": "ctx.country"}
    posted = {names.get(name, f"ctx.{name}"): value for name, value in fields.items()}
    return client.post(PAGE, {"use-identity": "1", "next": place, **posted})


def group(client, address="/"):
    return client.get(address).text.partition("<p>")[2].partition("</p>")[0]


@pytest.fixture
def exposures():
    told = []

    def note(**arguments):
        told.append(arguments["test"])

    exposed.connect(note)
    yield told
    exposed.disconnect(note)


def test_the_site_evaluates_for_it_until_the_visitor_returns(client):
    response = use(client, "/?read=buttoncolortst", country="DE")
    assert (response.status_code, response["Location"]) == (303, "/?read=buttoncolortst")
    assert group(client) == "green"
    client.post(PAGE, {"return": "1", "bar": "1", "next": "/"})
    assert group(client) == "blue"


def test_an_identifier_that_the_visitor_lacks_can_be_given(client):
    assert group(client, "/?read=headlinetst") == ""
    use(client, account="5083")
    assert group(client, "/?read=headlinetst") == "warm"


def test_values_that_are_left_alone_follow_the_visitor(client):
    use(client, country="DE", user="someone")
    assert "country=DE" in client.get("/").text
    assert "USER=" not in client.get("/").text


def test_nothing_is_exposed_while_it_is_used(client, exposures):
    use(client, country="DE")
    client.get("/")
    assert exposures == []
    client.post(PAGE, {"return": "1"})
    client.get("/")
    assert exposures == ["buttoncolortst"]


async def test_nothing_is_exposed_under_asgi(client, exposures):
    use(client, country="DE")
    visitor = AsyncClient()
    visitor.cookies = client.cookies
    response = await visitor.get("/async", headers={"x-may": "yes"})
    assert "<p>green</p>" in response.content.decode()
    assert exposures == []


def test_log_records_have_no_groups_of_it(client, site):
    seen = []

    class Handler(logging.Handler):
        def emit(self, record):
            seen.append(record.proctor)

    handler = Handler()
    handler.addFilter(ProctorFilter())
    logger = logging.getLogger("tests.bar")
    logger.addHandler(handler)
    site.MIDDLEWARE = [*site.MIDDLEWARE, f"{__name__}.logging_after"]
    browser = Client(headers={"x-may": "yes"})
    browser.cookies = client.cookies
    try:
        browser.get("/")
        use(browser, country="DE")
        browser.get("/")
    finally:
        logger.removeHandler(handler)
    assert (seen[0], seen[-1]) == ("buttoncolortst1", "")


def logging_after(get_response):
    def middleware(request):
        response = get_response(request)
        logging.getLogger("tests.bar").warning("done")
        return response

    return middleware


def test_the_bar_and_the_groups_page_say_whose_it_is(client):
    use(client, country="DE", account="5083")
    for address in ("/", PAGE):
        text = client.get(address).text
        assert "acctid=5083, country=DE" in text
        assert "No exposures or outcomes are recorded" in text
        assert "Return to your own identity" in text


def test_the_bar_cannot_be_hidden_while_it_is_used(client):
    use(client, country="DE")
    assert "hide-bar" not in client.get("/").text


def test_forced_groups_are_on_top_of_it(client):
    use(client, country="DE")
    client.get("/?prforceGroups=buttoncolortst1")
    assert group(client) == "blue"
    client.get("/?prforceGroups=")
    assert group(client) == "green"


def test_who_may_not_force_any_more_is_themselves(client):
    use(client, country="DE")
    stranger = Client()
    stranger.cookies = client.cookies
    assert group(stranger) == "blue"


def test_who_may_not_force_any_more_is_exposed(client, exposures):
    use(client, country="DE")
    stranger = Client()
    stranger.cookies = client.cookies
    stranger.get("/")
    assert exposures == ["buttoncolortst"]


def test_a_value_that_is_emptied_is_left_out(client):
    use(client, user="")
    assert "USER=(none)" in client.get("/").text
    assert group(client) == "control"


def test_a_text_may_be_empty(client):
    use(client, country="")
    assert "<code>country=</code>" in client.get("/").text


def test_a_wrong_value_is_shown_at_its_field_and_not_used(client):
    response = use(client, age="old")
    assert "cannot be converted" in response.text
    assert "You are using a different identity" not in client.get("/").text


def test_the_visitors_own_values_are_no_identity(client):
    response = use(client, country="US")
    assert "These values are your own identity." in response.text


def test_the_form_leads_back_to_the_visitor(client):
    use(client, country="DE")
    assert use(client, country="US").status_code == 303
    assert group(client) == "blue"


def test_a_key_that_nobody_knows_is_left_out(client):
    use(client, country="DE", strange="x")
    assert "strange" not in client.get("/").text


def test_what_no_cookie_can_keep_is_said(client, site):
    site.PROCTOR_CONTEXT = {f"key{n}": "String" for n in range(9)}
    # Random, as it would be compressed.
    import secrets

    response = use(client, **{f"key{n}": secrets.token_hex(450) for n in range(9)})
    assert "too long for a cookie" in response.text


def test_the_log_says_who_uses_which_keys_and_no_values(client, caplog):
    caplog.set_level(logging.INFO, "proctor.force")
    use(client, user="secret-id", country="DE")
    told = [each.getMessage() for each in caplog.records if each.name == "proctor.force"]
    assert told == ["Authorized user uses a different identity: USER, country"]


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example"])
def test_it_returns_to_this_site_only(client, place):
    assert use(client, place, country="DE")["Location"] == PAGE


def test_the_groups_page_leads_back_to_where_the_visitor_was(client):
    text = client.get(PAGE, headers={"referer": "http://testserver/things/?a=1"}).text
    assert 'href="/things/?a=1"' in text
    assert "evil" not in client.get(PAGE, headers={"referer": "http://evil.example/evil"}).text
    assert 'href="/here"' in client.get(PAGE, {"next": "/here"}).text


def test_an_identity_says_what_differs():
    assert str(Identity({"USER": "a"}, {"country": None})) == "USER=a, country=(none)"
    assert not Identity()


@pytest.fixture
def recorded(site):
    """A site that records results, and accepts outcomes from the browser."""
    site.PROCTOR_METRICS = (Metric("order"),)
    site.PROCTOR_RESULTS_FROM_BROWSER = True
    with record_results() as results:
        yield results


def stored(results):
    results.flush()
    return [model.objects.count() for model in (Exposure, Outcome, Tally)]


def buy(client):
    """Record an outcome from a view and one from the browser."""
    record("order", client.get("/").wsgi_request)
    body = json.dumps({"metric": "order"})
    return client.post("/proctor/results/record/", body, content_type="application/json")


@pytest.mark.django_db
def test_neither_exposures_nor_outcomes_of_it_are_recorded(client, recorded):
    use(client, user="her", country="DE")
    assert group(client) == "green"
    assert buy(client).status_code == 204
    assert stored(recorded) == [0, 0, 0]


@pytest.mark.django_db
def test_after_the_return_results_are_recorded_again(client, recorded):
    use(client, user="her", country="DE")
    client.post(PAGE, {"return": "1", "next": "/"})
    group(client)
    buy(client)
    exposed_rows, outcomes, _ = stored(recorded)
    assert exposed_rows
    assert outcomes


@pytest.mark.django_db(transaction=True)
def test_a_coroutine_records_no_outcome_of_it(client, recorded):
    use(client, user="her")
    asyncio.run(arecord("order", client.get("/").wsgi_request))
    assert stored(recorded) == [0, 0, 0]
