"""The examples in docs/api.md work. Their language is `py`, because they need a database."""

from __future__ import annotations

import pytest

from proctor.editor import http_status
from proctor.editor.api import bodies, failures, paging, writing
from proctor.editor.api.urls import urlpatterns
from tests.fences import ROOT, fences, run_python

PAGE = ROOT / "docs" / "api.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_examples_run_from_top_to_bottom(editor):
    editor.PROCTOR_EDITOR_BRANCHES = ("trunk", "production")
    namespace = {}
    found = fences(PAGE, "py")
    assert len(found) > 5
    for fence in found:
        run_python(fence, namespace)


@pytest.mark.parametrize("route", [str(each.pattern) for each in urlpatterns if each.name])
def test_every_address_is_in_the_table(route):
    for part, word in (
        ("<path:test>", "NAME"),
        ("<str:test>", "NAME"),
        ("<str:environment>", "BRANCH"),
        ("<int:proposal>", "ID"),
    ):
        route = route.replace(part, word)
    assert f"api/{route}`" in TEXT


def test_every_error_is_in_the_table():
    failed = [getattr(failures, name) for name in failures.__all__]
    rows = [(each.status, each.code) for each in failed if "code" in vars(each)]
    rows += [(status, each.code) for each, status in http_status._STATUSES.items()]
    for status, code in rows:
        assert f"| {status} | `{code}` |" in TEXT


def test_the_limits_are_those_of_the_code():
    assert bodies.MAX_BYTES == 1024 * 1024
    assert "1 MiB" in TEXT
    assert f"{writing.CHECK_BYTES // 1024} KiB for `POST api/check/`" in TEXT
    sizes = f"`page_size` is {paging.SIZE} by default, and at most {paging.MAX_SIZE}."
    assert sizes in " ".join(TEXT.split())
