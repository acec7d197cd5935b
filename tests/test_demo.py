"""The parts of the demo that do not need a server."""

from __future__ import annotations

import tempfile

import pytest
from django.conf import settings

from proctor.core import Matrix
from proctor.core.authoring.moves.ramping import ramp
from testproject.demo.database_file import find_database
from tests.fences import ROOT

DEMO = ROOT / "testproject" / "demo"
RAMPING = "newfeaturerollout"


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The directory of temporary files."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


def test_the_database_is_in_the_checkout(tmp_path):
    assert find_database(tmp_path) == tmp_path / "demo.sqlite3"


def test_a_checkout_that_is_not_writable_has_its_database_among_temporary_files(
    tmp_path, temporary
):
    found = find_database(tmp_path / "missing")
    assert found.parent.parent == temporary
    assert found.parent.stat().st_mode & 0o777 == 0o700


def test_a_second_start_finds_the_temporary_database_again(tmp_path, temporary):
    assert find_database(tmp_path / "missing") == find_database(tmp_path / "missing")


def test_a_link_among_temporary_files_is_not_followed(tmp_path, temporary):
    first = find_database(tmp_path / "missing").parent
    first.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    first.symlink_to(elsewhere)
    assert find_database(tmp_path / "missing").parent not in {first, elsewhere}


def test_the_other_tests_are_those_of_the_shop():
    demo, shop = (Matrix.load(path).tests for path in (DEMO / "matrix.json", settings.SHOP_MATRIX))
    assert {**demo, RAMPING: None} == {**shop, RAMPING: None}


def test_the_ramp_is_the_editors():
    first, now = (
        Matrix.load(DEMO / name).tests[RAMPING] for name in ("first_week.json", "matrix.json")
    )
    ramped = ramp(first, 0, {0: 0.25, 1: 0.25})
    assert ramped.allocations[0].ranges == now.allocations[0].ranges
