"""The cost of pages on a site with many tests: queries and parsed definitions."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from proctor.editor.access.permissions import command
from proctor.editor.applications.registering import register
from proctor.editor.branches import branch_names
from proctor.editor.changes import services
from proctor.editor.models import Revision
from proctor.editor.pages import catalog
from proctor.editor.publishing.publishing import Signature
from proctor.editor.publishing.texts import imported_file
from proctor.editor.serving import branch_matrix, kept_matrices
from proctor.editor.serving.branch_matrix import read_matrix
from proctor.editor.transfer.importing import Source, import_source
from tests.editor.samples import text_of
from tests.editor.test_pages import ROOT, signed_in, text

ADA = command("ada")
PAGES = (
    "",
    "?state=running",
    "?sort=updated",
    "?sort=state",
    "?q=colour",
    "?page=2",
    "tests/test00tst/",
    "tests/test00tst/edit/",
    "tests/test00tst/compare/",
    "tests/test00tst/stop/?branch=production",
    "tests/test00tst/finish/?branch=production",
    "promote/",
    "promote/?test=test00tst",
    "stop/",
    "matrix/",
    "matrix/?download=1",
    "applications/",
    "review/",
    "schedule/",
    "api/tests/?page_size=5",
    "api/tests/?page_size=5&q=colour",
    "api/tests/test00tst/history/?page_size=5",
)


def publish(*names, **changes):
    """Publish tests on all branches."""
    for name in names:
        done = services.edit(ADA, name, text_of(salt=f"&{name}", **changes), base=None)
        revision = done.revision.id
        for source, target in zip(branch_names(), branch_names()[1:], strict=False):
            done = services.promote(ADA, name, source, target, revision=revision, base=None)
            revision = done.revision.id


def declare(name):
    groups = {"inactive": -1, "control": 0, "blue": 1}
    document = {"tests": {name: {"buckets": groups, "fallbackValue": -1}}, "providedContext": {}}
    register(ADA, "shop", "production", json.dumps(document), whole_matrix=True)


@pytest.fixture
def site(editor):
    """A site with three branches, and a user who may do everything. It serves no visitors."""
    editor.PROCTOR_MATRIX = None
    return signed_in(
        "view", "edit", "stop", "delete", "override", "promote_qa", "promote_production"
    )


@pytest.fixture
def parsed(monkeypatch):
    """Return a list that collects the names of parsed tests.

    The caches are cleared, as if the process had just started.
    """
    monkeypatch.setattr(kept_matrices, "_kept", {})
    monkeypatch.setattr(catalog, "_kept", {})
    found, inner = [], branch_matrix.parse

    def parse(definition, name):
        found.append(name)
        return inner(definition, name)

    monkeypatch.setattr(branch_matrix, "parse", parse)
    return found


def queries(client):
    found = {}
    for page in PAGES:
        client.get(ROOT + page)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(ROOT + page).status_code == 200, page
        found[page] = len(asked)
    return found


def test_no_page_makes_more_queries_for_more_tests(site):
    publish("test00tst", "test01tst")
    declare("test00tst")
    few = queries(site)
    publish(*(f"test{number:02}tst" for number in range(2, 40)))
    assert queries(site) == few


def test_the_list_parses_the_last_branch_and_the_rows_that_it_shows(site, parsed):
    names = [f"test{number:02}tst" for number in range(40)]
    publish(*names)
    parsed.clear()
    assert "40 tests" in text(site.get(ROOT))
    # The states of all are counted on the last branch; 30 rows are shown on three branches.
    assert len(parsed) == 40 + 2 * 30
    parsed.clear()
    site.get(ROOT)
    assert not parsed
    site.get(f"{ROOT}?page=2")
    assert sorted(parsed) == sorted(names[30:] * 2)
    parsed.clear()
    base = read_matrix("trunk").entries["test07tst"].revision
    services.edit(ADA, "test07tst", text_of(salt="&test07tst", description="new"), base=base)
    parsed.clear()
    site.get(ROOT)
    assert parsed == ["test07tst"]


def test_a_search_parses_one_branch_if_all_have_the_same(site, parsed):
    names = [f"test{number:02}tst" for number in range(40)]
    publish(*names[:-1])
    services.edit(ADA, names[-1], text_of(description="Only a draft"), base=None)
    parsed.clear()
    page = text(site.get(f"{ROOT}?q=draft"))
    assert names[-1] in page
    assert names[0] not in page
    assert sorted(parsed) == names
    parsed.clear()
    assert names[0] in text(site.get(f"{ROOT}?q=colour"))
    # The rows that are shown, on the two other branches.
    assert len(parsed) == 2 * 30


def test_stopping_a_test_parses_no_other(site, parsed):
    publish("test00tst", "test01tst")
    parsed.clear()
    assert "test01tst" in site.get(f"{ROOT}stop/").content.decode()
    assert not parsed


def test_promote_parses_what_is_not_the_same_text(site, parsed):
    publish("test00tst", "test01tst", "test02tst")
    base = read_matrix("trunk").entries["test01tst"].revision
    services.edit(ADA, "test01tst", text_of(salt="&test01tst", description="new"), base=base)
    parsed.clear()
    page = text(site.get(f"{ROOT}promote/"))
    assert "test01tst" in page
    assert "test00tst" not in page
    assert parsed == ["test01tst"] * 2


def test_the_page_of_a_test_parses_it_and_what_it_depends_on(site, parsed):
    publish("test00tst", "test01tst")
    publish("test02tst", dependsOn={"testName": "test00tst", "bucketValue": 1})
    declare("test02tst")
    parsed.clear()
    assert "shop" in text(site.get(f"{ROOT}tests/test02tst/"))
    assert sorted(parsed) == ["test00tst", "test02tst"]


def test_texts_that_differ_may_be_the_same_definition(site):
    """An import keeps the text of a definition."""
    publish("test00tst", "test01tst")
    head = read_matrix("trunk").entries["test00tst"].revision
    document = json.loads(Revision.objects.get(id=head).definition)
    for branch, fields in (("qa", {}), ("production", {"description": "other"})):
        other = json.dumps(dict(reversed({**document, **fields}.items())), indent=8).encode()
        imported = Source({"test00tst": imported_file("test00tst", other)})
        import_source(imported, branch, Signature("ada", ""))
    tests = catalog.read_catalog().tests
    found, same = tests["test00tst"].entries, tests["test01tst"].entries
    assert found["trunk"].content != found["qa"].content
    assert not tests["test00tst"].differs_between("trunk", "qa")
    assert tests["test00tst"].differs_between("trunk", "production")
    assert same["trunk"].digest != same["qa"].digest
    assert same["trunk"].content == same["qa"].content
    assert not tests["test01tst"].differs_between("trunk", "qa")


def test_the_matrix_page_shows_what_was_just_published(site):
    publish("test00tst")
    before = text(site.get(f"{ROOT}matrix/"))
    assert before == text(site.get(f"{ROOT}matrix/"))
    services.stop(ADA, "test00tst", "production", value=-1, reason="x")
    after = text(site.get(f"{ROOT}matrix/"))
    assert after != before
    assert read_matrix("production").name in after
    (allocation,) = site.get(f"{ROOT}matrix/?download=1").json()["tests"]["test00tst"][
        "allocations"
    ]
    assert [each["bucketValue"] for each in allocation["ranges"]] == [-1]


def test_a_definition_that_no_matrix_can_have_is_logged_when_it_is_asked_for(site, caplog):
    publish("test00tst")
    bad = imported_file("badtst", text_of(specialConstants={"__COUNTRIES": "US"}).encode())
    import_source(Source({"badtst": bad}), "production", Signature("ada"))
    caplog.clear()
    found = read_matrix("production")
    assert not caplog.records
    assert "test00tst" in found.tests
    assert not caplog.records
    assert "badtst" not in found.tests
    assert [*found.tests] == [*found.matrix.tests] == ["test00tst"]
    assert len(found.tests) == 1
    assert caplog.text.count("The test badtst is left out") == 1
    assert "not loaded" in text(site.get(ROOT))
