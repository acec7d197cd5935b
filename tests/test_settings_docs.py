"""The table of settings agrees with the code."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from django.test import override_settings

from proctor import Metric
from proctor.checks import CHECKS
from proctor.checks.variants import check_variants
from proctor.conf import NAMES
from tests.fences import ROOT


class Row(NamedTuple):
    name: str
    kind: str
    default: str
    meaning: str


def table() -> list[Row]:
    """The table on the page about settings."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    part = text.partition("<!-- settings -->")[2].partition("<!-- /settings -->")[0]
    lines = [line for line in part.splitlines() if line.startswith("| `")]
    return [
        Row(*(cell.strip().strip("`") for cell in line.strip("|").split(" | "))) for line in lines
    ]


ROWS = {row.name: row for row in table()}

#: For each type in the table: valid values and invalid values.
KINDS = {
    "tests": ([("a",), ["a"], {"a": {}}], ["a", 1, (1,)]),
    "path or URL, or None": (["m.json", Path("m.json"), "https://example.com/m", None, ""], [1]),
    "text, or None": (["secret", None], [1, ""]),
    "token or tokens, or None": (
        ["secret", ("a", "b"), ["a"], None, ""],
        [1, ("a", 1), ("",), "two words", "caf\u00e9"],
    ),
    "origins": (
        [(), ("https://shop.example.com",), ["http://localhost:3000"], ("*",)],
        ["*", None, ("shop.example.com",), ("https://shop.example.com/",), (1,)],
    ),
    "test type": (["USER", "acctid"], ["", None, 1]),
    "application, or None": (["shop", "shop@eu", None], ["", "a b", "a/b", 1, "x" * 101]),
    "dict of paths": (
        [{}, {"vault": "shop.vault.Location"}],
        [None, "vault", {"Vault": "shop.vault"}, {"vault": ""}],
    ),
    "branches": ([("one",), ["a", "b-c"]], ["one", (), ("a", "a"), ("a b",), (1,), None]),
    "dict of numbers": (
        [{}, {"production": 0}, {"production": 2}],
        [None, {"elsewhere": 1}, {"production": True}, {"production": -1}],
    ),
    "seconds": ([0, 1.5, float("inf")], ["1", -1, None, True]),
    "bytes": ([1, 2**30], [0, -1, 1.5, "1", True, None]),
    "dotted path, or None": (["tests.test_settings_docs.Deciding", None, ""], [1]),
    "dict": ([{}, {"USER": "USER"}], [("USER",), None, "USER"]),
    "dict, or None": ([{}, {"country": "String"}, None], ["country", 1]),
    "path or dict, or None": ([{}, None, ""], [1]),
    "names": ([(), ("A",), ["A"]], ["A", 1, (1,)]),
    "validator, or None": (["noempty", lambda kind, identifier: True, None], ["empty", 1]),
    "metrics": ([(), (Metric("order"),)], [None, "order", ("order",), {"order": 1}]),
    "plain or digest": (["plain", "digest"], ["md5", None, 1]),
    "keep or drop": (["keep", "drop"], ["wait", None, 1]),
    "number": ([1, 10_000], [0, -1, 1.5, "1", True, None]),
    "bool or URL": ([True, False, "https://shop.example"], ["yes", None, 1, "shop.example"]),
    "bool": ([True, False], ["yes", None, 1]),
    "URL, or None": (["https://pipet.example.com", None, ""], ["pipet.example.com", 1]),
    "method, or None": (["cache", "session", None, ""], ["redis", True, 1]),
    "alias, or None": (["default", None], [1, ""]),
    "seconds, or None": ([0, 1.5, None], ["1", -1, True]),
    "template": (["base.html"], ["", None, 1]),
    "whole seconds": ([1, 60], [0, -1, 1.5, "60", None, True]),
    "domain, or None": ([".example.com", None], ["", 1]),
    "path": (["/", "/shop/"], ["", "shop", None, 1]),
    "SameSite": (["Lax", "Strict", "None", False], ["lax", None, True, 1]),
    "bool, or None": ([True, False, None], ["yes", 1]),
    "name of a cookie": (["who"], ["", None, "a b", 1]),
}


class Deciding:
    """A source."""

    def determine_groups(self, request):
        raise NotImplementedError


def errors_of(name, value):
    """The ids of the errors that the checks report for a value of one setting."""
    # Either a Pipet or a matrix.
    others = {"PROCTOR_MATRIX": None} if name == "PROCTOR_API_ROOT" else {}
    with override_settings(**others, **{name: value}):
        # The shop's views have variants of the shop's tests, which are not declared here.
        checks = [check for check in CHECKS if check is not check_variants]
        found = [message for check in checks for message in check(app_configs=None)]
    return {each.id for each in found if each.is_serious() and name in f"{each.msg} {each.hint}"}


def test_every_setting_is_in_the_table_once():
    assert [row.name for row in table()] == [*ROWS]
    assert sorted(ROWS) == sorted(NAMES)


def test_the_defaults_are_those_of_a_project_that_sets_nothing():
    program = (
        "from django.conf import settings\n"
        "settings.configure()\n"
        "from proctor.conf import NAMES\n"
        "for name in NAMES:\n"
        "    value = getattr(settings, name)\n"
        "    print(name, repr(dict(value) if hasattr(value, 'items') else value), sep='\\t')\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": ""},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    ).stdout
    defaults = dict(line.split("\t") for line in printed.splitlines())
    documented = {row.name: ast.literal_eval(row.default) for row in ROWS.values()}
    assert documented == {name: ast.literal_eval(value) for name, value in defaults.items()}


def test_every_type_of_the_table_is_one_that_is_tried_here():
    assert {row.kind for row in ROWS.values()} == set(KINDS)


@pytest.mark.parametrize(
    ("name", "value"),
    [(row.name, value) for row in ROWS.values() for value in KINDS[row.kind][0]],
)
def test_a_value_of_the_type_is_right(name, value):
    assert errors_of(name, value) == set()


@pytest.mark.parametrize(
    ("name", "value"),
    [(row.name, value) for row in ROWS.values() for value in KINDS[row.kind][1]],
)
def test_a_value_of_another_type_is_an_error(name, value):
    assert errors_of(name, value) != set()


def test_the_table_names_all_cache_methods_and_validators():
    from proctor.core.inputs.identifier_validators import VALIDATORS
    from proctor.resolving.cache_methods import METHODS

    for row, names in (("CACHE_METHOD", METHODS), ("IDENTIFIER_VALIDATOR", VALIDATORS)):
        named = re.findall(r'"(\w+)"', ROWS[f"PROCTOR_{row}"].meaning)
        assert named == list(names)


class KeptInMemory:
    """An additional cache method for the table."""

    needs_sessions = False

    def __init__(self, log, lifetime, *, alias, clock, time_of_day):
        self.kept = {}

    def place_for(self, request):
        return self.kept

    def cache_keys(self, key):
        return ()

    def read(self, place, key, found):
        return place.get(key)

    def keep(self, place, key, entry):
        place[key] = entry


def test_a_cache_method_needs_a_class_and_a_row_in_the_table_only(settings, monkeypatch):
    from proctor.checks.values import check_settings
    from proctor.core.evaluation.groups import GroupAssignment, Groups, MatrixVersion
    from proctor.core.sources.source import GroupsRequest
    from proctor.resolving import answer_cache, cache_methods
    from proctor.resolving.once_log import OnceLog

    methods = {**cache_methods.METHODS, "memory": KeptInMemory}
    for module in ("proctor.resolving.answer_cache", "proctor.checks.values"):
        monkeypatch.setattr(f"{module}.METHODS", methods)
    settings.PROCTOR_CACHE_METHOD = "memory"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert check_settings() == []

    class Source:
        root = "https://pipet.example.com"
        is_down = False

        def fingerprint(self, request):
            return "fingerprint"

    cache = answer_cache.AnswerCache(Source(), OnceLog())
    first = cache.recall(GroupsRequest(), None)
    assert first.groups is None
    groups = Groups({"t": GroupAssignment("a", 1)}, matrix_version=MatrixVersion("1", 1))
    cache.keep(first, groups)
    assert cache.recall(GroupsRequest(), None).groups["t"].group == "a"
