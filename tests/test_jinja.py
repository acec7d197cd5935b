from __future__ import annotations

import pytest
from django.shortcuts import render
from django.test import Client
from django.urls import path

from proctor.middleware import BaseProctorMiddleware
from proctor.signals import exposed
from tests.site_matrices import definition, one_bucket, write_matrix

jinja2 = pytest.importorskip("jinja2", reason="Jinja2 is not installed")


class Someone(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "someone"}


def page(request):
    return render(request, "page", {"test": "buttoncolortst", "groups": ["green", "blue"]})


urlpatterns = [path("", page)]


@pytest.fixture
def show(site, tmp_path):
    """Render a template with Jinja2, for a visitor who is in the first group of each test."""
    site.ROOT_URLCONF = __name__
    site.MIDDLEWARE = [f"{__name__}.Someone"]
    site.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.jinja2.Jinja2",
            "DIRS": [tmp_path],
            "OPTIONS": {"extensions": ["proctor.jinja.ProctorExtension"]},
        }
    ]

    def show(template):
        (tmp_path / "page").write_text(template)
        return Client().get("/").content.decode()

    return show


@pytest.fixture
def environment():
    return jinja2.Environment(extensions=["proctor.jinja.ProctorExtension"], autoescape=True)


@pytest.fixture
def exposures():
    """The names of the exposed tests, in order."""
    seen = []

    def receiver(test, **_):
        seen.append(test)

    exposed.connect(receiver)
    yield seen
    exposed.disconnect(receiver)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{% ifgroup buttoncolortst blue %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup buttoncolortst green %}yes{% endifgroup %}", ""),
        ("{% ifgroup buttoncolortst green blue %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup buttoncolortst green %}yes{% else %}no{% endifgroup %}", "no"),
        ("{% ifgroup 'buttoncolortst' \"blue\" %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup 'button-dash' dashed %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup test=test blue %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup test=test green group=groups[1] %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup buttoncolortst group=groups %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup buttoncolortst group='BLUE'|lower %}yes{% endifgroup %}", "yes"),
        ("{% ifgroup headlinetst a %}1{% elifgroup buttoncolortst blue %}2{% endifgroup %}", "2"),
        (
            "{% ifgroup headlinetst a %}{% elifgroup headlinetst b %}{% else %}3{% endifgroup %}",
            "3",
        ),
        ("{% if proctor_group('buttoncolortst') == 'blue' %}yes{% endif %}", "yes"),
        ("{{ proctor_group(test) }}", "blue"),
        ("{{ proctor_payload('headlinetst') }}", "Welcome"),
        ("{{ proctor_payload('absenttst', default='Sign up') }}", "Sign up"),
        ("<{{ proctor_payload('absenttst') }}>", "<>"),
    ],
)
def test_a_template_depends_on_the_visitors_group(show, template, expected):
    assert show(template) == expected


def test_only_the_tests_that_were_asked_for_are_exposed(show, exposures):
    show(
        "{% ifgroup buttoncolortst blue %}1{% elifgroup headlinetst warm %}2"
        "{% else %}{{ proctor_group('button-dash') }}{% endifgroup %}"
    )
    assert exposures == ["buttoncolortst"]


def test_no_group_prints_nothing(environment, site):
    assert environment.from_string("<{{ proctor_group('headlinetst') }}>").render() == "<>"


def test_a_payload_is_escaped(show, site, tmp_path):
    bucket = one_bucket("a", 1, stringValue="<b>")
    site.PROCTOR_TESTS = ("payloadtst",)
    site.PROCTOR_MATRIX = str(write_matrix(tmp_path, payloadtst=definition(bucket)))
    assert show("{{ proctor_payload('payloadtst') }}") == "&lt;b&gt;"


def test_json_is_a_script_element(show, exposures):
    assert show("{{ proctor_json('buttoncolortst', element_id='groups') }}") == (
        '<script id="groups" type="application/json">'
        '{"buttoncolortst": {"group": "blue", "value": 1, "payload": null}}</script>'
    )
    assert exposures == []


def test_json_takes_lists_and_counts_exposures_when_it_is_told_so(show, exposures):
    show("{{ proctor_json(['buttoncolortst', 'headlinetst'], expose=true) }}")
    assert exposures == ["buttoncolortst", "headlinetst"]


def test_a_macro_that_is_imported_with_context_knows_the_visitor(show, tmp_path):
    (tmp_path / "macros").write_text(
        "{% macro colour() %}{{ proctor_group('buttoncolortst') }}{% endmacro %}"
    )
    assert show("{% from 'macros' import colour with context %}{{ colour() }}") == "blue"


def test_without_a_request_the_defaults_hold(environment, site):
    template = environment.from_string("{% ifgroup absenttst off %}yes{% endifgroup %}")
    assert template.render() == "yes"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% ifgroup buttoncolourtst blue %}{% endifgroup %}", "did you mean 'buttoncolortst'?"),
        ("{% ifgroup buttoncolortst bleu %}{% endifgroup %}", "did you mean 'blue'?"),
        ("{% ifgroup buttoncolortst group='bleu' %}{% endifgroup %}", "did you mean 'blue'?"),
        ("{% ifgroup %}{% endifgroup %}", "expected a test and its groups"),
        ("{% ifgroup buttoncolortst %}{% endifgroup %}", "expected a test and its groups"),
        ("{% ifgroup button-dash dashed %}{% endifgroup %}", "- is not a name; write it in quotes"),
        ("{% ifgroup grup=test blue %}{% endifgroup %}", "Unknown keyword grup="),
        ("{% ifgroup buttoncolortst blue %}", "Unexpected end of template"),
    ],
)
def test_a_mistake_is_found_when_the_template_is_compiled(site, environment, template, message):
    with pytest.raises(jinja2.TemplateSyntaxError) as caught:
        environment.from_string(template)
    assert message in str(caught.value)


def test_an_error_knows_the_line_of_its_elifgroup(site, environment):
    with pytest.raises(jinja2.TemplateSyntaxError) as caught:
        environment.from_string(
            "\n{% ifgroup buttoncolortst blue %}\n{% elifgroup buttoncolortst bleu %}"
            "{% endifgroup %}"
        )
    assert caught.value.lineno == 3


wrong_variables = pytest.mark.parametrize(
    "template",
    [
        "{% ifgroup test=wrong blue %}1{% else %}2{% endifgroup %}",
        "{% ifgroup buttoncolortst group=wrong %}1{% else %}2{% endifgroup %}",
        "{% ifgroup buttoncolortst group=missing %}1{% else %}2{% endifgroup %}",
        "{{ proctor_payload(wrong, default=2) }}",
        "{{ proctor_group(missing) }}2",
    ],
)


@wrong_variables
def test_a_wrong_variable_raises_in_debug(site, environment, template):
    site.DEBUG = True
    with pytest.raises(jinja2.TemplateRuntimeError):
        environment.from_string(template).render(wrong="wrongtst")


@wrong_variables
def test_a_wrong_variable_counts_as_nobodys_otherwise(site, environment, template, caplog):
    assert environment.from_string(template).render(wrong="wrongtst") == "2"
    assert len(caplog.records) == 1


def test_a_strict_environment_stays_strict(site, caplog):
    environment = jinja2.Environment(
        extensions=["proctor.jinja.ProctorExtension"], undefined=jinja2.StrictUndefined
    )
    template = environment.from_string("{% ifgroup buttoncolortst group=a %}{% endifgroup %}")
    with pytest.raises(jinja2.UndefinedError):
        template.render()


def test_templates_may_be_rendered_on_a_loop(site):
    import asyncio

    environment = jinja2.Environment(
        extensions=["proctor.jinja.ProctorExtension"], enable_async=True
    )
    template = environment.from_string(
        "{% ifgroup absenttst off %}{{ proctor_group('absenttst') }}{% endifgroup %}"
    )
    assert asyncio.run(template.render_async()) == "off"
