"""The matrix as a source: what it is asked, and in whose words."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.core import ForceGroups, GroupsRequest, MatrixSource, Variables
from proctor.core.exceptions import SourceError, UnknownTest
from proctor.core.explanation import Decision

MATRIX = Path(__file__).parent.parent.parent / "examples" / "matrix.json"

#: A visitor in the words of an application: `acctid` is the matrix's ACCOUNT.
VISITOR = GroupsRequest(
    identifiers={"acctid": 5083}, context={"country": "US", "loggedIn": "1"}, tests=()
)


@pytest.fixture
def source():
    variables = Variables.from_settings(
        {"acctid": "ACCOUNT"}, {"country": "String", "loggedIn": "boolean"}
    )
    with MatrixSource(MATRIX, variables) as source:
        yield source


def test_an_explanation_takes_the_applications_own_keys_and_values(source):
    explanation = source.explain(VISITOR, "onepagecheckouttst")
    assert explanation.decision is Decision.ASSIGNED


def test_an_explanation_has_the_group_that_the_source_gives(source):
    asked = GroupsRequest(identifiers=VISITOR.identifiers, context=VISITOR.context)
    explained = source.explain(asked, "onepagecheckouttst")
    assert explained.assignment == source.determine_groups(asked)["onepagecheckouttst"]


def test_an_explanation_knows_what_the_visitor_forced(source):
    asked = GroupsRequest(
        identifiers={"USER": "somebody"},
        context={"country": "US"},
        force_groups=ForceGroups.parse("buttoncolortst2"),
    )
    assert source.explain(asked, "buttoncolortst").decision is Decision.FORCED


def test_a_test_that_is_not_in_the_matrix_is_not_explained(source):
    with pytest.raises(UnknownTest, match="buttoncolour"):
        source.explain(VISITOR, "buttoncolour")


def test_nothing_is_explained_while_there_is_no_matrix(tmp_path):
    with (
        MatrixSource(tmp_path / "nowhere.json") as source,
        pytest.raises(SourceError, match="no matrix yet"),
    ):
        source.explain(VISITOR, "buttoncolortst")
