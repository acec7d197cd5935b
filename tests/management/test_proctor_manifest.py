from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.site_matrices import definition, one_bucket, write_matrix


def manifest(*arguments):
    out = io.StringIO()
    call_command("proctor_manifest", *arguments, stdout=out)
    return json.loads(out.getvalue())["flags"]


def test_the_manifest_has_the_declared_tests(site):
    flags = manifest()
    assert sorted(flags) == sorted(
        ["absenttst", "button-dash", "buttoncolortst", "headlinetst", "sleepingtst"]
    )
    assert flags["headlinetst"] == {"flagType": "string", "defaultValue": "Welcome"}
    assert flags["sleepingtst"] == {"flagType": "boolean", "defaultValue": False}


def test_the_manifest_is_that_of_another_matrix_if_one_is_given(site, tmp_path):
    (tmp_path / "next").mkdir()
    other = write_matrix(
        tmp_path / "next", headlinetst=definition(one_bucket("warm", 1, stringValue="Hello"))
    )
    assert manifest("--matrix", str(other))["headlinetst"]["defaultValue"] == "Hello"


def test_without_a_matrix_the_command_says_so(site):
    site.PROCTOR_MATRIX = None
    with pytest.raises(CommandError, match="set PROCTOR_MATRIX"):
        manifest()
