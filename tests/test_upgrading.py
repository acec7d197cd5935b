"""docs/upgrading.md names everything public in 1.2.1, and the replacements that it names exist."""

from __future__ import annotations

import importlib
import json
import re

import pytest

from proctor.core import MatrixSource, PipetSource
from tests.core.httpserver import Reply, serving
from tests.fences import ROOT
from tests.site_matrices import definition, one_bucket

PAGE = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## Every public name of 1.2.1")[2].partition("\n## ")[0]

#: Public names of the modules of 1.2.1, and the hooks of its middleware.
_NAMES = """
BaseProctorMiddleware get_identifiers get_context is_privileged get_http process_request
process_response get_cacher cacher is_lazy _get_force_groups context_processors.proc ProctorGroups
GroupAssignment extract_groups LazyProctorGroups LazyGroupAssignment proc_by_accountid
identify_groups load_group_dict ProctorParameters call_proctor call_proctor_identify
call_proctor_matrix identify_matrix extract_tests Cacher CacheCacher SessionCacher
PROP_NAME_FORCE_GROUPS MAX_HTTP_TIMEOUT_SECONDS MAX_HTTP_RETRIES API_METHOD_
PROCTOR_BASE_TEMPLATE proctor.urls forcegroups showtestmatrix proctor_showtestmatrix
ForceGroupsView ShowTestMatrixView addforcegroups removeforcegroups proctor_default_base.html
proctor_groups.html application.proctor proctor_default.css get_clean_groups
ForceGroupsView.get_prforcegroups ProctorParameters.as_dict Cacher.get Cacher.set
Cacher.update_matrix_version version_timeout_seconds request.is_privileged
"""

SUCCESSORS = sorted(
    {
        name
        for row in TABLE.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(proctor\.[\w.]+)", row.split(" | ")[1])
        if name[-1] not in ".…" and not re.fullmatch(r"proctor\.[EW]\d+", name)
    }
)


@pytest.mark.parametrize("name", _NAMES.split())
def test_each_public_name_has_a_row(name):
    assert re.search(rf"(?<![A-Za-z_]){re.escape(name)}", TABLE)


def test_the_successors_are_found():
    assert len(SUCCESSORS) > 5


@pytest.mark.parametrize("name", SUCCESSORS)
def test_each_successor_exists(name):
    path = name.split(".")
    found = importlib.import_module(path[0])
    for depth, part in enumerate(path[1:], 2):
        if not hasattr(found, part):
            importlib.import_module(".".join(path[:depth]))
        found = getattr(found, part)


def test_the_replacement_of_identify_matrix_reads_the_matrix_of_a_pipet():
    replacement = "MatrixSource(PipetSource(root).matrix_url).current(timeout).proctor.matrix"
    assert f"`proctor.core.{replacement}`" in TABLE
    tests = {"colortst": definition(one_bucket("blue", 1))}
    body = json.dumps({"audit": {"version": "7", "updated": 1, "updatedBy": "a"}, "tests": tests})
    with serving(Reply(body.encode())) as server:
        names = {"MatrixSource": MatrixSource, "PipetSource": PipetSource}
        names |= {"root": server.url.removesuffix("/matrix.json"), "timeout": 10}
        assert list(eval(replacement, names).tests) == ["colortst"]
