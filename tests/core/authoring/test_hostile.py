"""Reading any input raises no exception except Refusal."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proctor.core.authoring.branches.applications import Application
from proctor.core.authoring.branches.auto_promotion import is_allocation_only, is_fully_inactive
from proctor.core.authoring.branches.careful_promotion import careful_promotion_problems
from proctor.core.authoring.branches.jobs import Site
from proctor.core.authoring.branches.revisions import Branch, Revision
from proctor.core.authoring.compatibility.generated_specification import generated_specification
from proctor.core.authoring.compatibility.specifications import specification_of
from proctor.core.authoring.compatibility.verification import consolidate, verify
from proctor.core.authoring.definitions.reading import definition_of, read_definition
from proctor.core.authoring.definitions.sameness import same_definition
from proctor.core.authoring.definitions.unknown_fields import with_unknown_fields
from proctor.core.authoring.definitions.writing import definition_text, java_definition_text
from proctor.core.authoring.definitions.written_form import as_written
from proctor.core.authoring.edits.edit_jobs import edit_job
from proctor.core.authoring.edits.edit_rules import edit_problems, edit_warnings
from proctor.core.authoring.edits.editing import EditRequest
from proctor.core.authoring.edits.stricter_rules import Surroundings, stricter_problems
from proctor.core.authoring.ids.saved_ids import careful_allocations, saved_allocations
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.search import FILTERS, Listed, Query, search
from proctor.core.authoring.trees.builder import build, matrix_text
from proctor.core.matrices.matrix import Audit, Matrix
from tests.core.authoring.strategies import SPECIFICATIONS, hostile_documents, odd_documents
from tests.core.small_matrices import definition

DOCUMENTS = hostile_documents() | odd_documents()
TEXTS = st.one_of(
    hostile_documents().map(json.dumps),
    st.text(max_size=30),
    st.sampled_from(
        ['{"a', "[" * 5000, '{"a":' * 5000, '{"a":' + "9" * 5000 + "}", "// x", "/*", ""]
    ),
    st.text(alphabet='{}[]",:/*\n 1a\\', max_size=20),
)
SLOW = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def tried(function, *arguments, **options):
    """Return a function's result, or None if it refuses; other exceptions are passed on."""
    try:
        return function(*arguments, **options)
    except Refusal as caught:
        refusal = caught
    assert all((refusal.code, refusal.java_class, str(refusal)))
    return None


@SLOW
@given(TEXTS, st.booleans())
def test_a_text_is_read_or_refused(text, strict):
    tried(read_definition, text, "t", strict=strict)
    tried(read_definition, text.encode("utf-8", "surrogatepass"), "t", strict=strict)


@SLOW
@given(DOCUMENTS, DOCUMENTS)
def test_every_function_on_definitions_answers_or_refuses(one, other):
    old = tried(definition_of, one, "t") or definition_of(definition(), "t")
    new = tried(definition_of, other, "t") or definition_of(definition(), "t")
    tried(lambda: list(edit_problems(new)))
    tried(edit_warnings, new)
    tried(new.consumable)
    tried(is_allocation_only, old, new)
    tried(is_fully_inactive, new)
    tried(same_definition, old, new)
    tried(saved_allocations, old.test, new.test, [old.test])
    tried(careful_allocations, old.test, new.test, [old.test], range(len(new.test.allocations)))
    tried(generated_specification, new.test)
    tried(with_unknown_fields, new, old)
    tried(as_written, new)
    for where in FILTERS:
        tried(search, [Listed(new)], Query("a b", where, active=True))


@SLOW
@given(DOCUMENTS)
def test_what_was_read_is_written_or_refused(document):
    read = tried(definition_of, document, "t")
    for write in (definition_text, java_definition_text):
        text = None if read is None else tried(write, read)
        if text is not None:
            text.encode()


@SLOW
@given(DOCUMENTS)
def test_a_tree_is_built_without_its_bad_tests(document):
    tree = {"good": json.dumps(definition()), "t": json.dumps(document), "none": None}
    built = build(tree, Audit("1", 0, "a"), keep_going=True)
    assert {"good", "t", "none"} == {*built.matrix.tests, *built.failed}
    text = tried(matrix_text, built.matrix)
    if text is not None:
        assert set(Matrix.from_json(text).tests) == set(built.matrix.tests)


@SLOW
@given(DOCUMENTS, SPECIFICATIONS, st.booleans())
def test_a_specification_is_checked_or_refused(document, specification, strict):
    test = tried(definition_of, document, "t") or definition_of(definition(), "t")
    consumable = tried(test.consumable)
    read = tried(specification_of, specification, strict=strict)
    if read is None or consumable is None:
        return
    matrix = Matrix(Audit(), {"t": consumable})
    found = tried(verify, matrix, read, "source")
    if found is not None:
        tried(consolidate, matrix, read, found)
    applications = (Application("shop", "1", (read,)),)
    careful_promotion_problems(consumable, {}, applications, "source")
    previous = definition_of(definition(), "t")
    stricter_problems(test, Surroundings(previous, {}, applications))


@SLOW
@given(DOCUMENTS, DOCUMENTS, st.sampled_from(["trunk", "qa", "production"]))
def test_an_edit_is_a_job_that_ends(stored, sent, target):
    former = tried(definition_of, stored, "t")
    branch = Branch("trunk", () if former is None else (Revision("1", "t", former),))
    previous = "" if former is None else "1"
    request = EditRequest("t", json.dumps(sent), False, previous, "c", "erin", "pw")
    result = edit_job(request, Site({"trunk": branch}), target)
    assert (result.status == "DONE") is (result.error is None)


@pytest.mark.parametrize("content", [b"\xff", b"{}\xff", b"\xef\xbb\xbf{}"])
def test_bytes_that_are_no_utf_8_are_refused(content):
    with pytest.raises(Refusal, match=r"UTF-8|byte-order"):
        read_definition(content, "t")
