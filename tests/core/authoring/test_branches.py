"""Promotion of a definition through the branches, and the list of tests."""

from __future__ import annotations

import json

import pytest

from proctor.core.authoring.branches.jobs import Deletion, Person, Site, delete_job, promotion_job
from proctor.core.authoring.branches.promotion import (
    Promotion,
    effective_version,
    promotion_message,
)
from proctor.core.authoring.branches.revisions import Branch, Revision
from proctor.core.authoring.definitions.reading import definition_of
from proctor.core.authoring.edits.edit_jobs import edit_job
from proctor.core.authoring.edits.editing import EditRequest
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.search import Listed, Query, is_active, search
from tests.core.small_matrices import allocation, definition

ANN = Person("ann", "pw")


def revision(number, message="", **fields):
    return Revision(
        str(number), "colortst", definition_of(definition(**fields), "colortst"), "", message
    )


def branch(name, *revisions):
    return Branch(name, revisions)


def version(name, *revisions):
    return effective_version(branch(name, *revisions), "colortst").version


def test_the_version_on_trunk_is_its_last_revision_or_the_imported_number():
    assert version("trunk", revision(1), revision(2)) == "2"
    assert version("trunk", revision(1, "x\ngit-svn-id: https://h/trunk@4711 a")) == "4711"
    assert version("trunk", revision(1, "git-svn-id: https://h/qa@4711 a")) == "1"
    assert version("trunk") == "-1"


def test_the_version_elsewhere_is_the_definitions_own():
    assert version("qa", revision(1, version="33")) == "33"
    assert version("qa", revision(1, version=None)) == "-1"
    assert version("qa", revision(1, "merged r77: x", version="33")) == "77"
    assert version("qa", revision(1, version="33"), Revision("2", "colortst", None)) == "-1"


def test_the_message_of_a_promotion_quotes_the_revision_that_is_promoted():
    one = revision(4, "try it +review")
    assert promotion_message("colortst", "qa", one, "production") == (
        "Promoting colortst (qa r4) to production\n\ntry it _review"
    )
    assert promotion_message("colortst", "qa", revision(4, " "), "qa") == (
        "Promoting colortst (qa r4) to qa"
    )


def test_a_promotion_copies_the_definition_and_leaves_the_source_alone():
    site = Site({"trunk": branch("trunk", revision(1), revision(2, description="new"))})
    result = promotion_job(Promotion("colortst", "trunk", "2", "qa"), ANN, site)
    copied = result.site.branch("qa").current("colortst")
    assert (result.status, copied.version, copied.test.description) == ("DONE", "2", "new")
    assert result.site.branch("trunk") == site.branch("trunk")


def test_from_qa_the_version_goes_along():
    site = Site({"qa": branch("qa", revision(1, version="33"))})
    result = promotion_job(Promotion("colortst", "qa", "1", "production"), ANN, site)
    assert result.site.branch("production").current("colortst").version == "33"


def test_a_failed_job_changes_nothing_and_logs_the_chain_of_reasons():
    site = Site({"trunk": branch("trunk", revision(1))})
    result = promotion_job(Promotion("colortst", "trunk", "9", "qa"), ANN, site)
    assert (result.status, result.site) == ("FAILED", site)
    assert result.log[-2:] == (
        "com.indeed.proctor.store.StoreException: Unknown revision 9",
        "-- Unknown revision 9",
    )


def test_a_deletion_is_in_the_history():
    site = Site({"trunk": branch("trunk", revision(1))})
    result = delete_job(Deletion("colortst", "trunk", "1"), ANN, site)
    trunk = result.site.branch("trunk")
    assert (trunk.current("colortst"), trunk.tests()) == (None, {})
    assert [each.id for each in trunk.history("colortst")] == ["2", "1"]


def test_the_state_at_a_revision_is_that_of_the_last_change_before_it():
    other = Revision("2", "othertst", None)
    trunk = branch("trunk", revision(1, description="a"), other, revision(3, description="b"))
    assert trunk.at("colortst", "2").test.description == "a"
    with pytest.raises(Refusal, match="has no revision '9'"):
        trunk.at("colortst", "9")


def test_what_is_not_there_is_neither_updated_nor_deleted():
    for change in (branch("qa").with_updated, branch("qa").with_deleted):
        with pytest.raises(Refusal, match="no such test"):
            change(revision(1))


# The list


def listed(name, updated=0, **fields):
    return Listed(definition_of(definition(**fields), name), updated)


def found(*tests, **query):
    return [each.name for each in search(tests, Query(**query)).tests]


def test_all_words_have_to_be_there_in_any_case_and_anywhere():
    tests = (listed("colortst", description="Red hats"), listed("fonttst", description="red"))
    assert found(*tests, text="RED  hats") == ["colortst"]
    assert found(*tests, text="red", where="TESTNAME") == []


def test_favorites_come_first_and_the_rest_by_name_without_case():
    tests = (listed("b"), listed("A"), listed("c"))
    assert found(*tests, favorites=["c"]) == ["c", "A", "b"]


def test_the_newest_comes_first_by_update():
    assert found(listed("a", 1), listed("b", 2), sort="UPDATEDDATE") == ["b", "a"]


def test_the_number_of_matches_is_not_cut_by_the_limit():
    result = search([listed("a"), listed("b")], Query(limit=1))
    assert (len(result.tests), result.total, result.matching) == (1, 2, 2)


@pytest.mark.parametrize(
    ("allocations", "active"),
    [
        ([allocation(control=0.5, blue=0.5)], True),
        ([allocation(control=1.0)], False),
        ([allocation(control=1.0, blue=0.0)], False),
        ([allocation()], True),
        ([], False),
    ],
)
def test_a_test_is_active_if_an_allocation_has_only_short_ranges(allocations, active):
    assert is_active(listed("a", allocations=allocations).definition.test) is active


@pytest.mark.parametrize("query", [{"limit": -1}, {"where": "x"}, {"sort": "x"}])
def test_a_query_that_makes_no_sense_is_refused(query):
    with pytest.raises(Refusal):
        search([], Query(**query))


def test_a_test_without_a_salt_is_refused_only_where_it_is_looked_at():
    assert found(listed("a", salt=None), text="a") == ["a"]
    with pytest.raises(Refusal, match="no type or no salt"):
        found(listed("a", salt=None), text="zzz")


def test_an_edit_goes_no_further_than_a_branch_that_exists():
    with pytest.raises(Refusal, match="unknown branch 'nowhere'"):
        edit_job(EditRequest("colortst", "{}"), Site(), "nowhere")


def test_an_edit_is_saved_even_if_it_is_not_promoted():
    sent = json.dumps(definition(description="new"))
    ask = EditRequest("colortst", sent, True, username="ann", password="pw")
    result = edit_job(ask, Site(), "production")
    assert (result.status, result.error.code) == ("PARTIAL SUCCESS", "not-promoted")
    assert result.site.branch("trunk").current("colortst").test.description == "new"
    assert result.site.branch("qa").current("colortst") is None
