"""A lone surrogate in a matrix, which is valid JSON, becomes U+FFFD in all written text."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
from django.core.management import call_command
from django.shortcuts import render
from django.test import Client
from django.urls import include, path

from proctor.cli.main import main
from proctor.core import Matrix, validate
from proctor.core.evaluation.hashing import salted_prefix
from proctor.core.sources.source import GroupsRequest, MatrixSource
from proctor.identify import identify
from tests.pages.test_pages import PAGE, Open
from tests.site_matrices import definition

HERE = __name__
HALF, SHOWN = "\ud83d", "\ufffd"
WORDS = f"Sale {HALF}"


def half_everywhere(**payload):
    bucket = {"name": f"on{HALF}", "value": 1, "description": WORDS, "payload": payload}
    test = definition(bucket, version=f"7{HALF}", description=WORDS, forceLogging=True)
    test["allocations"][0]["id"] = f"#A1{HALF}"
    return test


@pytest.fixture
def matrix(tmp_path):
    tests = {
        "saletst": half_everywhere(stringValue=WORDS),
        "listtst": half_everywhere(stringArray=[WORDS]),
        "jsontst": half_everywhere(json={WORDS: [WORDS]}),
        f"half{HALF}": half_everywhere(stringValue=WORDS),
    }
    found = tmp_path / "half.json"
    found.write_text(json.dumps({"audit": {"version": f"1{HALF}"}, "tests": tests}))
    return found


def page(request):
    return render(request, "page.html", {"proc": request.proc})


urlpatterns = [
    path("", page),
    path("private/", include("proctor.urls")),
    path("pipet/", include("proctor.pipet.urls")),
]


@pytest.fixture
def client(site, matrix):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = [f"{Open.__module__}.Open"]
    site.PROCTOR_TESTS = ("saletst", "listtst", "jsontst")
    site.PROCTOR_MATRIX = matrix
    site.PROCTOR_CONTEXT = None
    return Client(headers={"X-May": "yes"})


def only_page(template):
    loaders = [("django.template.loaders.locmem.Loader", {"page.html": template})]
    libraries = {"proctor": "proctor.templatetags.proctor"}
    options = {"loaders": loaders, "libraries": libraries}
    backend = "django.template.backends.django.DjangoTemplates"
    return [{"BACKEND": backend, "OPTIONS": options}]


@pytest.mark.parametrize(
    "template",
    [
        "{% load proctor %}{% proctor_payload saletst %}",
        "{% load proctor %}{% proctor_payload listtst %}",
        "{% load proctor %}{% proctor_payload jsontst %}",
        "{% load proctor %}{% proctor_group saletst %}",
        "{{ proc.saletst.payload }}",
        "{{ proc.jsontst.payload }}",
        "{{ proc.saletst.group }} {{ proc.saletst.version }} {{ proc.saletst.allocation_id }}",
        "{{ proc.logging_string }}",
    ],
)
def test_a_page_shows_the_replacement_character(client, site, template):
    site.TEMPLATES = only_page(template)
    response = client.get("/")
    assert response.status_code == 200
    assert SHOWN in response.content.decode()


def test_scripts_get_the_replacement_character(client, site):
    template = "{% load proctor %}{% proctor_json saletst jsontst %}"
    site.TEMPLATES = only_page(template)
    text = client.get("/").content.decode()
    assert "\\ud83d" not in text
    assert "\\ufffd" in text


def test_the_groups_page_shows_descriptions_names_and_payloads(client, site):
    site.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
    ]
    response = client.get(PAGE)
    assert response.status_code == 200
    assert f"Sale {SHOWN}" in response.content.decode()


@pytest.mark.parametrize("address", ["/private/proctor/groups.json", "/private/proctor/show"])
def test_json_about_the_matrix_can_be_written(client, address):
    text = json.dumps(client.get(address).json(), ensure_ascii=False)
    assert f"Sale {SHOWN}" in text
    text.encode()


@pytest.mark.parametrize(
    "address",
    [
        "groups/identify",
        "proctor/matrix",
        "proctor/matrix/audit",
        "proctor/matrix/definition/saletst",
    ],
)
def test_the_pipet_api_answers_what_can_be_written(client, address):
    response = client.get(f"/pipet/{address}?id.USER=a")
    assert response.status_code == 200
    text = json.dumps(response.json(), ensure_ascii=False)
    assert SHOWN in text
    text.encode()


@pytest.mark.parametrize(
    "arguments",
    [
        ("groups", "--id", "USER=a"),
        ("groups", "--id", "USER=a", "--json"),
        ("explain", "saletst", "--id", "USER=a"),
        ("explain", "saletst", "--id", "USER=a", "--json"),
        ("validate",),
        ("validate", "--json"),
        ("simulate", "saletst", "--visitors", "10"),
    ],
)
def test_the_command_prints_what_can_be_written(matrix, monkeypatch, arguments):
    command, *rest = arguments
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="strict", write_through=True)
    monkeypatch.setattr("proctor.cli.main.be_lenient", lambda: None)
    monkeypatch.setattr(sys, "stdout", out)
    main([command, str(matrix), *rest])
    text = out.buffer.getvalue().decode()
    if "--json" in arguments:
        json.dumps(json.loads(text), ensure_ascii=False).encode()


@pytest.mark.parametrize("command", ["proctor_groups", "proctor_explain"])
@pytest.mark.parametrize("options", [{}, {"json": True}])
def test_management_commands_print_what_can_be_written(client, command, options):
    out = io.StringIO()
    names = ["saletst"] if command == "proctor_explain" else []
    call_command(command, *names, "--id", "USER=a", stdout=out, **options)
    text = out.getvalue()
    text.encode()
    if options:
        json.dumps(json.loads(text), ensure_ascii=False).encode()


def test_log_lines_can_be_written(client, matrix, caplog):
    caplog.set_level(logging.INFO)
    proc = identify({"USER": "a"})
    str(proc.saletst), proc.logging_string().encode()
    for record in caplog.records:
        record.getMessage().encode()
    assert "loaded from" in caplog.text


def test_validation_warns(matrix):
    problems = validate(Matrix.load(matrix))
    mine = [each.message for each in problems if each.test == "saletst"]
    for place in (
        "the description",
        "the version",
        "the name of a bucket",
        "the id of allocation",
        "the description of bucket 1",
        "the payload of bucket 1",
    ):
        assert any(each.startswith(place) and "lone surrogate" in each for each in mine), place
    assert any(each.message.startswith("the name has") for each in problems)


def test_hashing_stays_as_it_is(matrix):
    """A name keeps its surrogate, which is hashed as a question mark, as in Java Proctor."""
    with MatrixSource(matrix) as source:
        groups = source.determine_groups(GroupsRequest({"USER": "a"}))
        assert groups[f"half{HALF}"].group == f"on{SHOWN}"
        assert source.current().proctor.definition("saletst").description == WORDS
    assert salted_prefix(f"half{HALF}", "salt") == b"half?|salt"
