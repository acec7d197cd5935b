"""Fields that an editor does not know stay in the definition."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, assume, given, settings

from proctor.core.authoring.definitions.reading import definition_of
from proctor.core.authoring.definitions.sameness import same_definition
from proctor.core.authoring.definitions.unknown_fields import with_unknown_fields
from proctor.core.authoring.definitions.writing import definition_text
from proctor.core.authoring.definitions.written_form import as_written
from proctor.core.authoring.refusals import Refusal
from tests.core.authoring.strategies import odd_documents
from tests.core.authoring.test_texts import EXTENDED
from tests.core.small_matrices import allocation, definition


def read(document):
    return definition_of(document, "t")


def kept(document, stored=EXTENDED):
    return json.loads(definition_text(with_unknown_fields(read(document), read(stored))))


SENT = definition(
    buckets=[{"name": "renamed", "value": 0, "payload": {"longValue": 2}}],
    allocations=[
        {"id": "", "ranges": [{"bucketValue": 0, "length": 1.0}]},
        {"id": "#A1", "ranges": [{"bucketValue": 0, "length": 1.0}]},
    ],
    dependsOn={"testName": "other", "bucketValue": 2},
    payloadExperimentConfig={"priority": "2", "namespaces": []},
)


def test_unknown_fields_of_the_stored_definition_go_along():
    written = kept(SENT)
    assert written["team"] == "growth"
    assert written["buckets"][0] == {
        "name": "renamed",
        "value": 0,
        "payload": {"longValue": 2, "x": 2},
        "colour": "grey",
    }
    assert written["dependsOn"] == {"testName": "other", "bucketValue": 2, "why": "nested"}
    assert written["payloadExperimentConfig"]["y"] is None


def test_an_allocation_keeps_what_stands_beside_its_id_wherever_it_moves():
    first, second = kept(SENT)["allocations"]
    assert second["owner"] == "ann"
    assert second["ranges"][0]["note"] == "all"
    # Without an id it is the place that counts.
    assert first["owner"] == "ann"


def test_what_was_sent_comes_before_what_was_stored():
    assert kept(definition(team="other"))["team"] == "other"


def test_what_is_gone_takes_its_unknown_fields_along():
    written = kept(definition(buckets=[{"name": "b", "value": 5}], allocations=[]))
    assert "colour" not in definition_text(read(written))
    assert written["dependsOn"] is None


def test_a_payload_of_another_type_does_not_keep_what_stood_beside_the_old_one():
    sent = definition(buckets=[{"name": "a", "value": 0, "payload": {"stringValue": "x"}}])
    assert kept(sent)["buckets"][0]["payload"] == {"stringValue": "x"}


def test_fields_that_only_a_matrix_knows_are_kept():
    assert kept(definition(), definition(dynamic=True))["dynamic"] is True


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(odd_documents(), odd_documents())
def test_known_fields_stay_as_they_were_sent(sent, stored):
    try:
        new, old = read(sent), read(stored)
        unchanged = same_definition(with_unknown_fields(new, old), new)
    except Refusal:
        assume(False)
    assert unchanged


def test_a_definition_is_judged_with_ten_digits():
    thirds = read(definition(allocations=[allocation(control=1 / 3, blue=2 / 3)]))
    written = as_written(thirds)
    assert [each.length for each in written.test.allocations[0].ranges] == [
        0.3333333333,
        0.6666666667,
    ]
    assert as_written(written) == written
