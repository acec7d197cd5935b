from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.shortcuts import render
from django.template import Context, Engine, Template, TemplateSyntaxError
from django.template.loader import render_to_string
from django.template.loader_tags import BlockNode
from django.test import AsyncClient, Client
from django.urls import path

from proctor import ProctorTest
from proctor.identify import identify
from proctor.middleware import BaseProctorMiddleware
from proctor.signals import exposed
from proctor.testing import override_proctor
from tests.site_matrices import definition, one_bucket, write_matrix

PAGE = "page.html"


class Someone(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "someone"}


def page(request):
    return render(request, PAGE, {"test": "buttoncolortst", "groups": ["green", "blue"]})


async def apage(request):
    return render(request, PAGE)


urlpatterns = [path("", page), path("async", apage)]


@pytest.fixture
def show(site):
    """Render a template for a visitor who is in the first group of each test."""
    site.ROOT_URLCONF = __name__
    site.MIDDLEWARE = [f"{__name__}.Someone"]

    def show(template, url="/", client=None, context_processors=()):
        site.TEMPLATES = templates(context_processors, **{PAGE: template})
        return (client or Client()).get(url).content.decode()

    return show


@pytest.fixture
def exposures():
    """The names of the exposed tests, in order."""
    seen = []

    def receiver(test, **_):
        seen.append(test)

    exposed.connect(receiver)
    yield seen
    exposed.disconnect(receiver)


def templates(context_processors=(), **sources):
    sources = {name: f"{{% load proctor %}}{source}" for name, source in sources.items()}
    return [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [("django.template.loaders.locmem.Loader", sources)],
                "libraries": {"proctor": "proctor.templatetags.proctor"},
                "context_processors": list(context_processors),
            },
        }
    ]


def compiled(source):
    return Template("{% load proctor %}" + source)


def error_of(source):
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled(source)
    return caught.value


def rendered(source, **context):
    return compiled(source).render(Context(context))


# -- ifgroup ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{% ifgroup buttoncolortst blue %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup buttoncolortst green %}yes{% endifgroup %}", ""),
        ("{% ifgroup buttoncolortst green blue %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup buttoncolortst green %}yes{% else %}no{% endifgroup %}", "no"),
        ('{% ifgroup "buttoncolortst" "blue" %}yes{% endifgroup %}', "yes"),
        ("{% ifgroup 'buttoncolortst' 'blue' %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup button-dash dashed %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup test=test blue %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup blue test=test %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup buttoncolortst group=groups.1 %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup buttoncolortst group=groups %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup buttoncolortst green group=groups.1|lower %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup buttoncolortst control group=groups.0 %}yes{% endifgroup %}", ""),
        (
            "{% ifgroup headlinetst a %}{% elifgroup headlinetst warm %}2{% endifgroup %}",
            "2",
        ),
        (
            "{% ifgroup buttoncolortst green %}1{% elifgroup headlinetst warm %}2{% endifgroup %}",
            "2",
        ),
        (
            "{% ifgroup headlinetst warm %}{% proctor_group buttoncolortst %}{% endifgroup %}",
            "blue",
        ),
    ],
)
def test_the_branch_of_the_visitors_group_is_rendered(show, template, expected):
    assert show(template) == expected


def test_a_bare_word_is_no_variable(show):
    assert (
        show(
            "{% with blue='green' %}{% ifgroup buttoncolortst blue %}yes{% endifgroup %}"
            "{% endwith %}"
        )
        == "yes"
    )


def test_only_the_tests_that_were_asked_for_are_exposed(show, exposures):
    show("{% ifgroup buttoncolortst blue %}1{% elifgroup headlinetst warm %}2{% endifgroup %}")
    assert exposures == ["buttoncolortst"]


def test_the_branches_that_are_not_taken_are_not_rendered(show, exposures):
    show(
        "{% ifgroup buttoncolortst green %}{% proctor_group headlinetst %}"
        "{% else %}{% proctor_group button-dash %}{% endifgroup %}"
    )
    assert exposures == ["buttoncolortst", "button-dash"]


async def test_a_coroutine_view_renders_the_tags(show, site):
    site.TEMPLATES = templates(**{PAGE: "{% ifgroup buttoncolortst blue %}yes{% endifgroup %}"})
    response = await AsyncClient().get("/async")
    assert response.content == b"yes"


def test_a_block_in_a_branch_can_be_overridden(site):
    site.TEMPLATES = templates(
        base="{% ifgroup absenttst off %}{% block a %}base{% endblock %}{% endifgroup %}",
        child="{% block a %}child{% endblock %}",
    )
    sources = site.TEMPLATES[0]["OPTIONS"]["loaders"][0][1]
    # It must be the first tag.
    sources["child"] = "{% extends 'base' %}" + sources["child"]
    assert render_to_string("child") == "child"


def test_the_nodes_of_all_branches_can_be_found(site):
    template = compiled(
        "{% ifgroup buttoncolortst blue %}{% block a %}{% endblock %}"
        "{% else %}{% block b %}{% endblock %}{% endifgroup %}"
    )
    found = template.nodelist.get_nodes_by_type(BlockNode)
    assert [block.name for block in found] == ["a", "b"]


def test_nodes_say_what_they_ask(site):
    nodes = compiled(
        "{% ifgroup buttoncolortst blue group=groups %}{% elifgroup test=test a %}{% endifgroup %}"
        "{% proctor_group buttoncolortst %}{% proctor_payload headlinetst %}"
        "{% proctor_json buttoncolortst headlinetst %}"
    ).nodelist[1:]
    assert [repr(node) for node in nodes] == [
        "<IfGroupNode: buttoncolortst blue groups, test a>",
        "<ProctorGroupNode: buttoncolortst>",
        "<ProctorPayloadNode: headlinetst>",
        "<ProctorJsonNode: buttoncolortst headlinetst>",
    ]


# -- Mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% ifgroup buttoncolourtst blue %}{% endifgroup %}", "did you mean 'buttoncolortst'?"),
        ("{% ifgroup buttoncolortst bleu %}{% endifgroup %}", "did you mean 'blue'?"),
        ("{% ifgroup buttoncolortst group='bleu' %}{% endifgroup %}", "did you mean 'blue'?"),
        ("{% ifgroup test='buttoncolourtst' a %}{% endifgroup %}", "not in PROCTOR_TESTS"),
        ("{% ifgroup %}{% endifgroup %}", "expected a test and its groups"),
        ("{% ifgroup buttoncolortst %}{% endifgroup %}", "at least one group"),
        ("{% ifgroup buttoncolortst == blue %}{% endifgroup %}", "'==' is not a name"),
        ("{% ifgroup buttoncolortst blue|lower %}{% endifgroup %}", "'blue|lower' is not a name"),
        ("{% ifgroup buttoncolortst grup=a %}{% endifgroup %}", "'grup=a' is not a name"),
        ("{% ifgroup test=a test=b blue %}{% endifgroup %}", "test= appears twice"),
        ("{% ifgroup buttoncolortst blue %}{% else blue %}{% endifgroup %}", "takes no arguments"),
        ("{% ifgroup buttoncolortst blue %}{% endifgroup blue %}", "takes no arguments"),
        ("{% ifgroup buttoncolortst blue %}", "Unclosed tag"),
        (
            "{% ifgroup buttoncolortst blue %}{% else %}{% else %}{% endifgroup %}",
            "expected 'endifgroup'",
        ),
        ("{% proctor_group %}", "expected one test"),
        ("{% proctor_group buttoncolortst headlinetst %}", "got 2"),
        ("{% proctor_group headlinetest %}", "did you mean 'headlinetst'?"),
        ("{% proctor_payload headlinetst defualt='x' %}", "test=, default="),
        ("{% proctor_payload headlinetst default='x' default='y' %}", "default= appears twice"),
        ("{% proctor_json %}", "expected the names of the tests"),
        ("{% proctor_json headlinetest %}", "did you mean 'headlinetst'?"),
    ],
)
def test_a_mistake_is_found_when_the_template_is_compiled(site, template, message):
    assert message in str(error_of(template))


@pytest.mark.parametrize("name", ["5", "a.b", "a-b", "'a'"])
@pytest.mark.parametrize("tag", ["proctor_group", "proctor_payload"])
def test_a_name_that_no_template_can_read_is_an_error(site, tag, name):
    error = error_of(f"{{% {tag} buttoncolortst as {name} %}}")
    assert f"expected the name of a variable after 'as', got {name!r}" in str(error)


def test_an_error_knows_the_line_of_its_elifgroup(site):
    error = error_of("\n{% ifgroup buttoncolortst blue %}\n{% elifgroup headlinetest a %}")
    assert error.token.lineno == 3


wrong_variables = pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% ifgroup test=wrong blue %}1{% else %}2{% endifgroup %}", "'buttoncolourtst' is not"),
        ("{% ifgroup buttoncolortst group=wrong %}1{% else %}2{% endifgroup %}", "no group"),
        (
            "{% ifgroup buttoncolortst group=missing %}1{% else %}2{% endifgroup %}",
            "expected a group name (str)",
        ),
        (
            "{% ifgroup test=missing blue %}1{% else %}2{% endifgroup %}",
            "expected a test name (str), got None",
        ),
        (
            "{% ifgroup test=list blue %}1{% else %}2{% endifgroup %}",
            "expected a test name (str), got []",
        ),
        (
            "{% ifgroup headlinetst group=missing %}1{% else %}2{% endifgroup %}",
            "expected a group name (str)",
        ),
        ("{% proctor_group test=wrong %}2", "'buttoncolourtst' is not"),
        ("{% proctor_payload test=wrong default=2 %}", "'buttoncolourtst' is not"),
    ],
)


def with_wrong_variables(template):
    return rendered(template, wrong="buttoncolourtst", list=[])


@wrong_variables
def test_a_wrong_variable_raises_in_debug(site, template, message):
    site.DEBUG = True
    with pytest.raises(TemplateSyntaxError) as caught:
        with_wrong_variables(template)
    assert message in str(caught.value)


@wrong_variables
def test_a_wrong_variable_takes_the_else_branch_otherwise(site, template, message):
    assert with_wrong_variables(template) == "2"


@wrong_variables
def test_a_wrong_variable_is_logged_once(site, caplog, template, message):
    for _ in range(3):
        with_wrong_variables(template)
    assert [message in record.getMessage() for record in caplog.records] == [True]


def test_a_wrong_variable_reads_no_group(show, exposures, caplog):
    show("{% ifgroup buttoncolortst group=wrong %}1{% endifgroup %}")
    assert exposures == []


def test_the_other_groups_of_a_wrong_one_still_hold(show, caplog):
    assert show("{% ifgroup buttoncolortst blue group=wrong %}1{% endifgroup %}") == "1"


def test_an_empty_list_of_groups_is_nobodys(show):
    assert (
        show(
            "{% ifgroup buttoncolortst group=test.none.no|default:'' %}{% else %}2{% endifgroup %}"
        )
        == "2"
    )


def test_nobody_without_a_group_is_in_a_variable_that_is_not_there(site, caplog):
    site.PROCTOR_MATRIX = None
    assert rendered("{% ifgroup headlinetst group=missing %}1{% else %}2{% endifgroup %}") == "2"


@pytest.fixture
def compiled_before(site):
    """A template that was compiled when its test was still declared."""
    template = compiled("{% ifgroup absenttst off %}1{% else %}2{% endifgroup %}")
    assert template.render(Context()) == "1"
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst"),)
    return template


def test_a_test_that_is_declared_no_more_takes_the_else_branch(compiled_before, caplog):
    assert compiled_before.render(Context()) == "2"


def test_a_test_that_is_declared_no_more_raises_in_debug(compiled_before, settings):
    settings.DEBUG = True
    with pytest.raises(TemplateSyntaxError, match="not in PROCTOR_TESTS"):
        compiled_before.render(Context())


# -- Without a visitor ------------------------------------------------------------------------


WITHOUT_REQUEST = "{% ifgroup buttoncolortst blue %}blue{% else %}default{% endifgroup %}"


def component(request):
    return HttpResponse(render_to_string("component.html", {}))


async def acomponent(request):
    return HttpResponse(render_to_string("component.html", {}))


@pytest.fixture
def components(site):
    """Templates that are rendered during a request, with a context that does not contain it."""
    site.ROOT_URLCONF = type(
        "urls",
        (),
        {"urlpatterns": [path("", page), path("c", component), path("ac", acomponent)]},
    )
    site.MIDDLEWARE = [f"{__name__}.Someone"]
    site.TEMPLATES = templates(
        **{"component.html": WITHOUT_REQUEST, PAGE: "{% include 'component.html' only %}"}
    )
    return site


@pytest.mark.parametrize("url", ["/", "/c", "/ac"])
def test_a_context_without_request_has_the_current_visitors_groups(components, exposures, url):
    assert Client().get(url).content == b"blue"
    assert exposures == ["buttoncolortst"]


@pytest.mark.parametrize("url", ["/c", "/ac"])
async def test_a_context_without_request_has_them_under_asgi_too(components, url):
    assert (await AsyncClient().get(url)).content == b"blue"


def test_after_the_request_a_context_without_it_has_the_defaults(components, exposures):
    Client().get("/c")
    assert rendered(WITHOUT_REQUEST) == "default"
    assert exposures == ["buttoncolortst"]


def test_without_a_request_the_defaults_hold(site, exposures):
    template = (
        "{% ifgroup buttoncolortst control %}1{% endifgroup %}{% proctor_group headlinetst %}"
        "{% proctor_payload headlinetst default='2' %}"
    )
    assert rendered(template) == "12"


def test_a_request_that_no_middleware_has_seen_has_the_defaults(show, site):
    site.MIDDLEWARE = []
    assert show("{% proctor_group buttoncolortst %}") == "control"


def test_an_email_may_bring_a_proc_of_its_own(site, exposures):
    proc = identify({"USER": "someone"})
    assert rendered("{% proctor_group buttoncolortst %}", proc=proc) == "blue"


def test_something_else_that_is_called_proc_is_left_alone(show):
    template = "{% with proc=groups %}{% proctor_group buttoncolortst %}{% endwith %}"
    assert show(template) == "blue"


def test_no_context_processor_is_needed(show):
    assert show("{% proctor_group buttoncolortst %}", context_processors=[]) == "blue"


def test_overrides_of_a_projects_tests_hold_without_a_request(site):
    with override_proctor(buttoncolortst="green"):
        assert rendered("{% proctor_group buttoncolortst %}") == "green"


def test_a_request_that_began_under_other_declarations_has_the_default(site):
    proc = identify({"USER": "someone"})
    site.PROCTOR_TESTS = (ProctorTest("newtst", default="on"),)
    assert rendered("{% proctor_group newtst %}", proc=proc) == "on"


# -- proctor_group, proctor_payload -----------------------------------------------------------


def test_the_groups_name_is_printed(show, exposures):
    assert show("{% proctor_group buttoncolortst %}") == "blue"
    assert exposures == ["buttoncolortst"]


def test_the_groups_name_goes_into_a_variable(show):
    assert show("{% proctor_group buttoncolortst as group %}<{{ group }}>") == "<blue>"


def test_no_group_prints_nothing(site):
    assert rendered("<{% proctor_group headlinetst %}>") == "<>"
    assert rendered("{% proctor_group headlinetst as group %}<{{ group }}>") == "<>"


def test_the_payload_is_printed(show, exposures):
    assert show("{% proctor_payload headlinetst default='Hello' %}") == "Welcome"
    assert exposures == ["headlinetst"]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{% proctor_payload absenttst %}", ""),
        ("{% proctor_payload absenttst default='Sign up' %}", "Sign up"),
        ("{% proctor_payload absenttst default=groups.0 %}", "green"),
        ("{% proctor_payload absenttst default=missing %}", ""),
        ("{% proctor_payload absenttst default=_('Yes') %}", "Yes"),
        ("{% proctor_payload absenttst default='Sign up' as text %}{{ text|upper }}", "SIGN UP"),
        ("{% proctor_payload test=test default='none' %}", "none"),
    ],
)
def test_without_a_payload_the_default_is_printed(show, template, expected):
    assert show(template) == expected


@pytest.fixture
def payload(site, tmp_path):
    """Put a payload into the matrix."""
    site.PROCTOR_TESTS = ("payloadtst",)

    def payload(**value):
        site.PROCTOR_MATRIX = str(
            write_matrix(tmp_path, payloadtst=definition(one_bucket("a", 1, **value)))
        )

    return payload


def test_a_payload_is_escaped(show, payload):
    payload(stringValue="<b>")
    assert show("{% proctor_payload payloadtst %}") == "&lt;b&gt;"


def test_a_payload_may_be_declared_safe_by_the_page(show, payload):
    payload(stringValue="<b>")
    template = "{% proctor_payload payloadtst as text %}{{ text|safe }}"
    assert show(template) == "<b>"
    assert show("{% autoescape off %}{% proctor_payload payloadtst %}{% endautoescape %}") == "<b>"


@pytest.mark.parametrize(
    ("value", "expected"), [({"longValue": 0}, "0"), ({"stringValue": ""}, "")]
)
def test_an_empty_payload_is_a_payload(show, payload, value, expected):
    payload(**value)
    assert show("{% proctor_payload payloadtst default='no' %}") == expected


# -- buckets that have a different name in the matrix -----------------------------------------


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{% ifgroup buttoncolortst blue %}yes{% else %}no{% endifgroup %}", "yes"),
        ("{% ifgroup buttoncolortst control %}yes{% else %}no{% endifgroup %}", "no"),
        ("{% proctor_group buttoncolortst %}", "blue"),
        ('{% proctor_payload buttoncolortst default="" %}', "#00f"),
        (
            "{% proctor_json buttoncolortst %}",
            (
                '<script id="proctor" type="application/json">'
                '{"buttoncolortst": {"group": "blue", "value": 1, "payload": "#00f"}}</script>'
            ),
        ),
    ],
)
def test_tags_use_the_declared_name_of_a_renamed_bucket(renamed, show, template, expected):
    assert show(template) == expected


def test_a_tag_does_not_know_the_name_of_the_matrix(renamed):
    assert "declares no group 'azure'" in str(error_of("{% ifgroup buttoncolortst azure %}"))


# -- proctor_json -----------------------------------------------------------------------------


def test_the_groups_are_given_to_scripts_as_json(show):
    assert show("{% proctor_json buttoncolortst headlinetst absenttst %}") == (
        '<script id="proctor" type="application/json">'
        '{"buttoncolortst": {"group": "blue", "value": 1, "payload": null}, '
        '"headlinetst": {"group": "warm", "value": 1, "payload": "Welcome"}, '
        '"absenttst": {"group": "off", "value": 0, "payload": null}}</script>'
    )


def test_json_counts_no_exposure(show, exposures):
    show("{% proctor_json buttoncolortst %}")
    assert exposures == []


def test_json_counts_exposures_when_it_is_told_so(show, exposures):
    show("{% proctor_json buttoncolortst expose=True %}")
    assert exposures == ["buttoncolortst"]


def test_the_json_element_may_have_another_id(show):
    assert show("{% proctor_json button-dash element_id='groups' %}").startswith(
        '<script id="groups" type="application/json">'
    )


def test_json_takes_tests_of_a_variable(site, caplog):
    template = "{% proctor_json test=tests %}"
    found = rendered(template, tests=["absenttst", "headlinetst", "wrongtst"])
    assert found.count('"group"') == 2


def test_json_cannot_end_its_script(show, payload):
    payload(stringValue="</script><script>alert(1)</script>")
    assert show("{% proctor_json payloadtst %}").count("</script>") == 1


def test_json_has_arrays_and_objects(show, payload):
    payload(map={"a": [1.5, 2], "b": "c"})
    assert '"payload": {"a": [1.5, 2], "b": "c"}' in show("{% proctor_json payloadtst %}")


def test_the_tags_are_documented_for_the_admins_pages(site):
    library = Engine(libraries={"proctor": "proctor.templatetags.proctor"}).template_libraries
    assert sorted(library["proctor"].tags) == [
        "ifgroup",
        "proctor_bar",
        "proctor_group",
        "proctor_json",
        "proctor_payload",
    ]
    assert all(tag.__doc__ for tag in library["proctor"].tags.values())


def test_a_second_text_of_a_payload_tag_is_said_to_need_default(site):
    error = error_of('{% proctor_payload headlinetst "#777" %}')
    assert 'to give a default, write default="#777"' in str(error)
