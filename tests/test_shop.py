"""The shop from its visitors' side, with its own settings and matrix."""

from __future__ import annotations

import io
import logging
import re
from pathlib import Path

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import AsyncClient, Client, RequestFactory, override_settings

from proctor.core import Matrix, Variables, validate
from proctor.log import ProctorFilter
from proctor.resolving.site_setup import current_setup
from proctor.signals import exposed
from proctor.testing import override_proctor
from testproject.shop.products import PRODUCTS
from tests.page_elements import Page

PAGES = ["/", "/things/moth/", "/search/", "/search/?q=lamp", "/basket/", "/you/"]
EVERY_TEST = {
    "buttoncolortst": "green",
    "headlinetst": "promise",
    "newfeaturerollout": "active",
    "freedeliverytst": "lower",
}


def page(client: Client, address: str) -> Page:
    response = client.get(address, follow=True)
    assert response.status_code == 200
    return Page(response.text)


def group_on_page_you(client: Client, test: str) -> str:
    """The visitor's group on the page, without the value."""
    html = client.get("/you/").text
    found = re.search(rf'id="{test}">.*?<p class="group">([a-z ]+)', html, re.DOTALL)
    assert found is not None
    return found[1].strip()


@pytest.fixture
def exposures():
    """The names of the counted tests, in order."""
    seen = []

    def note(*, test, **others):
        seen.append(test)

    exposed.connect(note)
    yield seen
    exposed.disconnect(note)


# -- Every page ------------------------------------------------------------------------------


@pytest.mark.parametrize("address", PAGES)
def test_each_page_is_there(address):
    assert Client().get(address).status_code == 200


@pytest.mark.parametrize("address", PAGES)
async def test_each_page_is_there_under_asgi(address):
    response = await AsyncClient().get(address)
    assert response.status_code == 200


@pytest.mark.parametrize("address", PAGES)
@override_proctor(EVERY_TEST)
def test_each_page_is_there_in_the_tried_groups(address):
    assert Client().get(address).status_code == 200


@pytest.mark.parametrize("address", PAGES)
def test_each_page_is_there_without_a_matrix(address, tmp_path):
    with override_settings(PROCTOR_MATRIX=tmp_path / "nowhere.json"):
        assert Client().get(address).status_code == 200


@pytest.mark.parametrize("address", PAGES)
def test_no_page_has_an_inline_style_or_script(address):
    elements = page(Client(), address).elements
    offending = [
        element
        for element in elements
        if element.tag == "style"
        or any(name == "style" or name.startswith("on") for name in element.attributes)
        or (
            element.tag == "script"
            and "src" not in element.attributes
            and element.attributes.get("type") != "application/json"
        )
    ]
    assert offending == []


@pytest.mark.parametrize("address", PAGES)
def test_each_field_has_a_label(address):
    found = page(Client(), address)
    labels = {element.attributes.get("for") for element in found.all("label")}
    fields = [
        element.attributes.get("id")
        for element in [*found.all("input"), *found.all("select")]
        if element.attributes.get("type") != "hidden"
    ]
    assert set(fields) - labels == set()


@pytest.mark.parametrize("address", PAGES)
def test_each_picture_script_and_style_of_a_page_is_a_file(address):
    addresses = [
        element.attributes.get("src") or element.attributes.get("href") or ""
        for element in page(Client(), address).elements
        if element.tag in {"img", "script", "link"}
    ]
    files = [each.removeprefix("/static/") for each in addresses if each]
    assert [file for file in files if finders.find(file) is None] == []


@pytest.mark.parametrize("address", PAGES)
def test_each_page_begins_its_headings_with_one_h1(address):
    headings = [each.tag for each in page(Client(), address).elements if each.tag in {"h1", "h2"}]
    assert (headings[0], headings.count("h1")) == ("h1", 1)


def test_a_thing_that_the_shop_does_not_have_is_not_found():
    assert Client().get("/things/yacht/").status_code == 404


# -- The tests that run ----------------------------------------------------------------------


@pytest.mark.parametrize("group", ["control", "blue", "green"])
def test_the_form_says_the_group_of_its_button(group):
    with override_proctor(buttoncolortst=group):
        (form,) = [
            each
            for each in page(Client(), "/things/moth/").all("form")
            if each.attributes.get("method") == "post"
        ]
    assert form.attributes["data-group"] == group


@pytest.mark.parametrize(
    ("group", "classes"), [("control", "buy"), ("blue", "buy blue"), ("green", "buy green")]
)
def test_the_button_has_the_colour_of_the_group(group, classes):
    with override_proctor(buttoncolortst=group):
        assert page(Client(), "/things/moth/").classes_of("button") == [classes]


def test_the_colour_of_a_phones_own_bar_is_the_payload():
    with override_proctor(buttoncolortst="green"):
        assert '<meta name="theme-color" content="#1f7a4d">' in Client().get("/").text


def test_the_headline_is_the_payload():
    with override_proctor(headlinetst="promise"):
        assert page(Client(), "/").text_of("h1") == "Six good things. No seventh."


def test_without_a_group_the_headline_is_the_templates_own():
    with override_proctor(headlinetst=None):
        assert page(Client(), "/").text_of("h1") == "Things for slow mornings"


def test_who_is_in_the_rollout_may_misspell():
    with override_proctor(newfeaturerollout="active"):
        assert page(Client(), "/search/?q=taepot").text_of("h3") == "Harbour teapot"


async def test_who_is_in_the_rollout_may_misspell_under_asgi():
    with override_proctor(newfeaturerollout="active"):
        response = await AsyncClient().get("/search/?q=taepot")
        assert Page(response.text).text_of("h3") == "Harbour teapot"


@pytest.mark.parametrize("group", ["inactive", None])
def test_who_is_not_in_the_rollout_may_not_misspell(group):
    with override_proctor(newfeaturerollout=group):
        assert page(Client(), "/search/?q=taepot").all("h3") == []


@pytest.mark.parametrize("group", ["inactive", "active"])
@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.slug)
def test_both_searches_find_what_is_spelt_well(group, product):
    with override_proctor(newfeaturerollout=group):
        shown = page(Client(), f"/search/?q={product.name}").all("h3")
        assert f"{product.name} {product.kind}" in map(str, shown)


@pytest.mark.parametrize("group", ["inactive", "active"])
def test_neither_search_finds_what_is_not_there(group):
    with override_proctor(newfeaturerollout=group):
        assert page(Client(), "/search/?q=xylophone").all("h3") == []


def test_a_search_may_be_posted_to_no_variant():
    with override_proctor(newfeaturerollout="active"):
        assert Client().post("/search/").status_code == 405


def test_a_customer_in_the_group_has_free_delivery_sooner():
    client = Client()
    client.post("/basket/add/", {"slug": "moth"})
    with override_proctor(freedeliverytst="lower"):
        assert "Delivery is free from €30." in client.get("/basket/").text


def test_a_stranger_has_free_delivery_as_always():
    client = Client()
    client.post("/basket/add/", {"slug": "moth"})
    assert "Delivery is free from €60." in client.get("/basket/").text


# -- The basket ------------------------------------------------------------------------------


def test_what_is_added_is_in_the_basket():
    client = Client()
    for slug in ("moth", "ember", "moth"):
        client.post("/basket/add/", {"slug": slug})
    assert page(client, "/basket/").text_of("tbody") == "Moth 2 × €116 Ember 1 × €15"


def test_the_basket_says_what_it_comes_to():
    client = Client()
    for slug in ("moth", "ember"):
        client.post("/basket/add/", {"slug": slug})
    assert page(client, "/basket/").text_of("tfoot") == "Total €73"


def test_a_basket_can_be_emptied():
    client = Client()
    client.post("/basket/add/", {"slug": "moth"})
    client.post("/basket/empty/")
    assert page(client, "/basket/").all("tbody") == []


def test_a_thing_that_the_shop_does_not_have_cannot_be_added():
    assert Client().post("/basket/add/", {"slug": "yacht"}).status_code == 404


def test_a_basket_has_an_end():
    client = Client()
    for _ in range(101):
        client.post("/basket/add/", {"slug": "ember"})
    assert page(client, "/basket/").text_of("tbody") == "Ember 99 × €1485"


# -- Who you are -----------------------------------------------------------------------------


def test_the_first_page_you_shows_the_id_that_its_cookie_keeps():
    client = Client()
    text = client.get("/you/").text
    assert f"<code>{client.cookies['proctor_id'].value}</code>" in text


def test_the_id_stays():
    client = Client()
    client.get("/")
    first = client.cookies["proctor_id"].value
    assert f"<code>{first}</code>" in client.get("/you/").text


def test_whoever_becomes_somebody_else_has_another_id():
    client = Client()
    client.get("/you/")
    first = client.cookies["proctor_id"].value
    client.post("/you/someone-else/", follow=True)
    assert client.cookies["proctor_id"].value not in {"", first}


def test_the_group_on_the_page_you_is_the_one_that_is_shown():
    client = Client()
    shown = page(client, "/things/moth/").classes_of("button")
    colour = group_on_page_you(client, "buttoncolortst")
    assert shown == ["buy" if colour == "control" else f"buy {colour}"]


def test_the_page_you_says_which_rule_was_asked():
    assert "country == 'DE'" in page(Client(), "/you/").text_of("pre")


def test_the_page_you_says_why_somebody_has_no_group():
    assert "no group: there is no identifier of type ACCOUNT" in Client().get("/you/").text


def test_looking_at_the_page_you_counts_no_exposure(exposures):
    Client().get("/you/")
    assert exposures == []


def test_looking_at_a_thing_counts_the_colour_of_its_button(exposures):
    Client().get("/things/moth/")
    assert exposures == ["buttoncolortst"]


def test_nobody_may_keep_the_page_you():
    assert "no-store" in Client().get("/you/")["Cache-Control"]


def test_in_germany_nobody_has_the_grey_button():
    groups = set()
    for number in range(30):
        client = Client()
        client.cookies["proctor_id"] = f"visitor{number}"
        client.post("/you/change/", {"country": "DE"})
        groups.add(group_on_page_you(client, "buttoncolortst"))
    assert groups == {"blue", "green"}


def test_a_country_is_remembered():
    client = Client()
    client.post("/you/change/", {"country": "JP", "account": ""})
    assert '<option value="JP" selected>' in client.get("/you/").text


def test_who_signs_in_is_in_the_customers_test():
    client = Client()
    client.post("/you/change/", {"country": "GB", "account": "5083"})
    assert "no identifier of type ACCOUNT" not in client.get("/you/").text


def test_who_signs_out_is_nobody_again():
    client = Client()
    client.post("/you/change/", {"country": "GB", "account": "5083"})
    client.post("/you/change/", {"country": "GB", "account": ""})
    assert "<em>not signed in</em>" in client.get("/you/").text


def test_a_country_and_a_customer_that_nobody_offered_are_not_taken():
    client = Client()
    client.post("/you/change/", {"country": "<b>", "account": "1"})
    assert {"country", "account"} & set(client.session.keys()) == set()


@pytest.mark.parametrize(
    "address", ["/basket/add/", "/basket/empty/", "/you/change/", "/you/someone-else/"]
)
def test_nothing_changes_by_a_form_of_another_site(address):
    assert Client(enforce_csrf_checks=True).post(address).status_code == 403


@pytest.mark.parametrize("address", ["/basket/add/", "/you/change/", "/you/someone-else/"])
def test_nothing_changes_by_a_link(address):
    assert Client().get(address).status_code == 405


@override_settings(DEBUG=True)
def test_on_a_developers_machine_a_group_can_be_asked_for():
    client = Client()
    client.get("/you/?prforceGroups=buttoncolortst2")
    assert page(client, "/things/moth/").classes_of("button") == ["buy green"]


@override_settings(DEBUG=True)
@pytest.mark.parametrize(("asked", "group"), [("0", "control"), ("2", "green")])
def test_the_page_you_says_what_was_forced(asked, group):
    text = Client().get(f"/you/?prforceGroups=buttoncolortst{asked}").text
    assert f"group &#x27;{group}&#x27; ({asked}), forced" in text


@override_settings(DEBUG=True)
def test_the_page_you_says_where_somebody_would_be_who_forced_nothing():
    client = Client()
    placed = group_on_page_you(client, "buttoncolortst")
    other = "0" if placed != "control" else "2"
    text = client.get(f"/you/?prforceGroups=buttoncolortst{other}").text
    assert (
        f'hit" width="100%" height="28"/><text x="50%" y="18" text-anchor="middle">{placed}<'
        in text
    )


def test_elsewhere_no_group_can_be_asked_for():
    assert '"badge forced"' not in Client().get("/you/?prforceGroups=buttoncolortst2").text


# -- Beside the pages ------------------------------------------------------------------------


def test_the_shops_matrix_has_no_mistake():
    variables = Variables.from_settings(settings.PROCTOR_IDENTIFIERS, settings.PROCTOR_CONTEXT)
    matrix = Matrix.load(settings.PROCTOR_MATRIX)
    assert list(validate(matrix, context_types=variables.context_types)) == []


def test_the_shop_declares_every_test_of_its_matrix():
    declared = {test.name for test in settings.PROCTOR_TESTS}
    assert declared == set(Matrix.load(settings.PROCTOR_MATRIX).tests)


def test_the_shops_types_are_those_of_its_declarations():
    # To write them again: testproject/manage.py proctor_types --matrix testproject/matrix.json
    out = io.StringIO()
    call_command("proctor_types", "--check", stdout=out)
    assert out.getvalue().endswith("testproject/proctor_types.py is up to date\n")


def test_each_declared_group_has_an_offer_of_delivery():
    groups = current_setup().registry["freedeliverytst"].groups
    assert set(groups) == {"control", "lower"}
    client = Client()
    client.post("/basket/add/", {"slug": "moth"})
    offers = set()
    for group in groups:
        with override_proctor(freedeliverytst=group):
            shown = page(client, "/basket/").all("p")
        offers |= {str(each) for each in shown if each.attributes.get("class") == "note"}
    assert offers == {
        "Delivery is free from €60.",
        "Delivery is free from €30. That is less than others pay: thank you for coming back.",
    }


def test_an_empty_basket_counts_no_offer(exposures):
    page(Client(), "/basket/")
    assert exposures == []


def test_the_shops_log_says_the_groups_of_whoever_buys():
    lines = []
    handler = logging.Handler()
    handler.addFilter(ProctorFilter())
    handler.emit = lambda record: lines.append(f"[{record.proctor}] {record.getMessage()}")
    logger = logging.getLogger("testproject.shop.views")
    logger.addHandler(handler)
    try:
        with override_proctor(EVERY_TEST):
            Client().post("/basket/add/", {"slug": "moth"})
    finally:
        logger.removeHandler(handler)
    assert lines == [
        "[buttoncolortst2,freedeliverytst1,headlinetst2,newfeaturerollout1] into the basket: moth"
    ]


# At the end of a request Django looks at the connection that other tests have left open.
@pytest.mark.django_db
def test_the_shop_runs_under_wsgi():
    from testproject.wsgi import application

    statuses = []
    environ = RequestFactory().get("/", headers={"host": "localhost"}).environ
    body = application(environ, lambda status, headers: statuses.append(status))
    body.close()
    assert statuses == ["200 OK"]


async def test_the_shop_runs_under_asgi():
    from testproject.asgi import application

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    communicator = ApplicationCommunicator(application, scope)
    await communicator.send_input({"type": "http.request"})
    assert (await communicator.receive_output())["status"] == 200
    await communicator.wait()


# -- Colours ---------------------------------------------------------------------------------


def colours(scheme: str) -> dict[str, str]:
    """The custom properties in the style sheet that are colors, in one color scheme."""
    css = Path(finders.find("shop/shop.css")).read_text()
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    found = re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", light)
    if scheme == "dark":
        found += re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", dark)
    return dict(found)


def luminance(colour: str) -> float:
    """The relative luminance as defined in WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *[("on-button", f"button{each}") for each in ("", "-blue", "-green")],
        *[("on-shade", f"shade{each}") for each in range(4)],
        *[(text, ground) for text in ("ink", "soft", "accent") for ground in ("paper", "card")],
        ("ink", "note"),
        ("accent", "note"),
        ("paper", "accent"),
        ("paper", "ink"),
    ],
)
def test_each_text_stands_out_from_its_ground(scheme, text, ground):
    known = colours(scheme)
    darker, lighter = sorted(luminance(known[each]) for each in (text, ground))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
