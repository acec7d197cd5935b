"""The check for `{% cache %}` blocks that depend on a group missing from their key."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks

from proctor import ProctorTest
from proctor.checks.templates import check_cached_fragments

LOAD = "{% load cache proctor %}"
READ = "{% proctor_group buttoncolortst as color %}"
IFGROUP = "{% ifgroup buttoncolortst blue %}x{% endifgroup %}"


@pytest.fixture(autouse=True)
def _site(settings):
    settings.PROCTOR_TESTS = (
        ProctorTest("buttoncolortst", groups=("control", "blue"), default="control"),
        ProctorTest("headlinetst"),
    )


def warned(settings, **templates):
    """Return the warnings by fragment, for templates by name."""
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": ["proctor.context_processors.proc"],
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {f"{name}.html": LOAD + text for name, text in templates.items()},
                    )
                ],
            },
        }
    ]
    return [each.msg for each in run_checks(tags=["proctor"]) if each.id == "proctor.W019"]


def test_a_block_with_the_bar_is_an_error_whatever_its_key(settings):
    text = block("<p>{% proctor_bar %}</p>", "proc", "request.user.pk")
    warnings = warned(settings, page=text, fine=block("") + "{% proctor_bar %}")
    (error,) = [each for each in run_checks(tags=["proctor"]) if each.id == "proctor.E018"]
    assert error.msg.startswith(
        "page.html:1: the block {% cache %} 'sidebar' contains {% proctor_bar %}"
    )
    assert warnings == []


def test_a_block_with_the_bar_and_a_group_has_both_messages(settings):
    assert len(warned(settings, page=block("{% proctor_bar %}" + READ))) == 1


def block(inside, *key):
    return f"{{% cache 600 {' '.join(('sidebar', *key))} %}}{inside}{{% endcache %}}"


@pytest.mark.parametrize(
    "text",
    [
        block(IFGROUP),
        block(IFGROUP, "request.user.pk"),
        block("{% if x %}{% proctor_group buttoncolortst %}{% endif %}"),
        block('{% proctor_group "buttoncolortst" as color %}'),
        block("{% proctor_payload buttoncolortst default=1 %}"),
        block("{% proctor_json headlinetst buttoncolortst %}"),
        block("{% proctor_group test=name %}", "name"),
        block("{% ifgroup test='buttoncolortst' group=name %}{% endifgroup %}"),
        block("{{ proc.buttoncolortst.group }}"),
        block("{% if x %}{% elif request.proc.buttoncolortst.group == 'blue' %}{% endif %}"),
        block("{{ proc.get_group_string_list }}"),
        block(READ),
        "{% proctor_group headlinetst as color %}" + block(IFGROUP, "color"),
        block(READ + block(IFGROUP, "color")),
        block(block("", "proc.buttoncolortst.group")),
    ],
)
def test_a_block_that_reads_a_group_and_lacks_it_in_its_key_is_found(settings, text):
    (message,) = warned(settings, page=text)
    assert message.startswith("page.html:1: the block {% cache %} 'sidebar' depends on ")


@pytest.mark.parametrize(
    "text",
    [
        IFGROUP,
        block("x") + IFGROUP,
        IFGROUP + block("x"),
        READ + block(IFGROUP, "color"),
        READ + block(IFGROUP, "x", 'color|default:"y"', 'using="local"'),
        READ + block("{{ proc.buttoncolortst.payload }}", "color"),
        "{% with color=proc.buttoncolortst.group %}" + block(IFGROUP, "color") + "{% endwith %}",
        "{% with request.proc.buttoncolortst as c %}" + block(IFGROUP, "c.group") + "{% endwith %}",
        block(IFGROUP, "proc.buttoncolortst.group"),
        block(IFGROUP, "request.proc.get_group_string_list"),
        block(IFGROUP, "proc"),
        READ + block(block(IFGROUP, "color"), "color"),
        block("{% comment %}" + IFGROUP + "{% endcomment %}"),
        block("{% verbatim %}" + IFGROUP + "{% endverbatim %}"),
        block("{{ proc.undeclared }} {{ myproc.buttoncolortst }} {{ x.proc.buttoncolortst }}"),
        "{% endcache %}{% cache %}{% endblock %}{% include %}{%  %}{{ }}",
    ],
)
def test_other_blocks_are_left_alone(settings, text):
    assert warned(settings, page=text) == []


def test_a_template_that_is_included_in_a_block_is_looked_into(settings):
    inner = "{% include 'inner.html' %}" + IFGROUP
    (message,) = warned(settings, page=block('{% include "inner.html" %}'), inner=inner)
    assert message.startswith("page.html:1:")


def test_what_surrounds_an_include_counts_for_its_key(settings):
    page = READ + block('{% include "inner.html" %}', "color")
    assert warned(settings, page=page, inner=block(IFGROUP, "color")) == []


@pytest.mark.parametrize("between", ["", "{% block side %}{{ block.super }}{% endblock %}"])
def test_a_block_of_a_child_counts_for_the_fragment_of_its_parent(settings, between):
    (message,) = warned(
        settings,
        base=block("{% block side %}{% endblock %}") + "{% block main %}{% endblock %}",
        middle='{% extends "base.html" %}' + between,
        child='{% extends "middle.html" %}{% block side %}' + IFGROUP + "{% endblock %}",
        other='{% extends "middle.html" %}{% block main %}' + IFGROUP + "{% endblock %}",
    )
    assert message.startswith("base.html:1:")


def test_a_fragment_of_two_pages_is_found_once(settings):
    pages = dict.fromkeys(("one", "two"), '{% include "inner.html" %}')
    (message,) = warned(settings, inner=block(IFGROUP, "color"), **pages)
    assert message.startswith("inner.html:1:")


def test_the_warning_names_each_test_once_and_the_way_out(settings):
    text = "\n" + block(IFGROUP + IFGROUP + "{{ proc.headlinetst.payload }}")
    (message,) = warned(settings, page=text)
    assert message.startswith(
        "page.html:2: the block {% cache %} 'sidebar' depends on buttoncolortst and headlinetst"
    )
    (found,) = [each for each in run_checks(tags=["proctor"]) if each.id == "proctor.W019"]
    assert found.hint == (
        "Read the group before the block, and add it to the key: "
        "{% proctor_group buttoncolortst as group %}{% cache ... sidebar group %}."
    )


def test_templates_that_cannot_be_listed_are_no_error(settings):
    settings.TEMPLATES = [{"BACKEND": "no.such.Backend"}]
    assert check_cached_fragments() == []
