"""The matrix as a source: its requests, and the source keys in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.core import ForceGroups, GroupsRequest, MatrixSource, Variables
from proctor.core.evaluation.explanation_parts import Decision
from proctor.core.exceptions import SourceError, UnknownTest

MATRIX = Path(__file__).parents[3] / "examples" / "matrix.json"

#: A visitor with an application's source keys: `acctid` is the matrix's ACCOUNT.
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


def test_one_group_takes_the_applications_own_keys_and_values(source):
    found = source.determine_group(VISITOR, "onepagecheckouttst")
    assert found == source.determine_groups(VISITOR)["onepagecheckouttst"]


def test_one_group_knows_what_the_visitor_forced(source):
    asked = GroupsRequest(
        identifiers={"USER": "someone"}, force_groups=ForceGroups.parse("buttoncolortst2")
    )
    assert source.determine_group(asked, "buttoncolortst").group == "green"


def test_one_group_may_be_of_a_matrix_that_was_given_before(source, tmp_path):
    proctor = source.current().proctor
    with MatrixSource(tmp_path / "nowhere.json", source.variables) as other:
        found = other.determine_group(VISITOR, "onepagecheckouttst", proctor=proctor)
    assert found is not None


def test_no_group_is_determined_while_there_is_no_matrix(tmp_path):
    with (
        MatrixSource(tmp_path / "nowhere.json") as source,
        pytest.raises(SourceError, match=r"Cannot read .*nowhere\.json"),
    ):
        source.determine_group(VISITOR, "buttoncolortst")


def test_an_explanation_takes_the_applications_own_keys_and_values(source):
    explanation = source.explain(VISITOR, "onepagecheckouttst")
    assert explanation.decision is Decision.ASSIGNED


def test_an_explanation_has_the_group_that_the_source_gives(source):
    asked = GroupsRequest(identifiers=VISITOR.identifiers, context=VISITOR.context)
    explained = source.explain(asked, "onepagecheckouttst")
    assert explained.assignment == source.determine_groups(asked)["onepagecheckouttst"]


def test_an_explanation_knows_what_the_visitor_forced(source):
    asked = GroupsRequest(
        identifiers={"USER": "someone"},
        context={"country": "US"},
        force_groups=ForceGroups.parse("buttoncolortst2"),
    )
    assert source.explain(asked, "buttoncolortst").decision is Decision.FORCED


def test_a_test_that_is_not_in_the_matrix_is_not_explained(source):
    with pytest.raises(UnknownTest, match="buttoncolour"):
        source.explain(VISITOR, "buttoncolour")


def test_a_matrix_that_cannot_be_read_is_named_with_the_place_of_the_mistake(tmp_path):
    path = tmp_path / "matrix.json"
    path.write_text('{"tests": {},\n}')
    with MatrixSource(path) as source, pytest.raises(SourceError) as caught:
        source.determine_groups(VISITOR)
    assert str(caught.value) == f"{path} is not valid JSON: trailing comma at line 1, column 13"


def test_nothing_is_explained_while_there_is_no_matrix(tmp_path):
    with (
        MatrixSource(tmp_path / "nowhere.json") as source,
        pytest.raises(SourceError, match=r"Cannot read .*nowhere\.json"),
    ):
        source.explain(VISITOR, "buttoncolortst")


def test_forced_groups_as_text_are_an_error_that_names_the_parser():
    with pytest.raises(TypeError, match=r"write ForceGroups\.parse\('buttoncolortst1'\)"):
        GroupsRequest(force_groups="buttoncolortst1")
