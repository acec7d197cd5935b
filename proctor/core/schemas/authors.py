"""Additions to the generated schemas: required fields, bounds, and descriptions for authors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.core.matrices.limits import PRIORITY_PATTERN, SUM_MAX, TEST_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BOUNDS", "MEANINGS", "REQUIRED", "WRITTEN"]

#: Maps each object to the fields that should always be given.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "Matrix": ("audit", "tests"),
    "Audit": ("version",),
    "TestDefinition": ("testType", "salt", "buckets", "allocations"),
    "Bucket": ("name", "value"),
    "Allocation": ("ranges",),
    "Range": ("bucketValue", "length"),
    "Dependency": ("testName", "bucketValue"),
    "PayloadExperimentConfig": ("priority", "namespaces"),
    "ExpectedPayload": ("type",),
}

#: Restrictions by object and field, in addition to those of the field's kind.
BOUNDS: Mapping[tuple[str, str], dict[str, Any]] = {
    # Versions are strings, but Proctor's public examples use numbers.
    ("Audit", "version"): {"type": ["string", "integer"]},
    ("TestDefinition", "version"): {"type": ["string", "integer", "null"]},
    # A site may have its own test types.
    ("TestDefinition", "testType"): {
        "type": "string",
        "anyOf": [{"enum": list(TEST_TYPES)}, {"minLength": 1}],
    },
    ("TestDefinition", "salt"): {"type": "string"},
    ("TestDefinition", "buckets"): {"minItems": 1},
    ("TestDefinition", "allocations"): {"minItems": 1},
    ("Bucket", "name"): {"type": "string", "minLength": 1},
    ("Allocation", "id"): {"type": "string"},
    ("Allocation", "name"): {"type": "string"},
    ("Allocation", "ranges"): {"minItems": 1},
    ("Range", "length"): {"minimum": 0, "maximum": SUM_MAX},
    ("Dependency", "testName"): {"type": "string", "minLength": 1},
    # null is the lowest priority.
    ("PayloadExperimentConfig", "priority"): {
        "type": ["string", "null"],
        "pattern": PRIORITY_PATTERN,
    },
}

#: Maps each object to the fields that tools write but no loader reads.
WRITTEN: Mapping[str, dict[str, Any]] = {
    "Audit": {
        "updatedDate": {
            "type": "string",
            "description": "the same time as updated, as a string; nothing reads it",
        }
    },
    "TestDefinition": {
        "specialConstants": {
            "type": "object",
            "properties": {"__COUNTRIES": {"type": "array", "items": {"type": "string"}}},
            "description": "special constants of a definition; in a matrix, they are in constants",
        }
    },
}

#: The meaning of each field, by object and field. `docs/matrix.md` explains the fields in more
#: detail.
MEANINGS: Mapping[str, Mapping[str, str]] = {
    "Matrix": {"audit": "who published the matrix, and when", "tests": "the tests, by name"},
    "Audit": {
        "version": "the version of the matrix, which must change with each new matrix",
        "updated": "when it was published, in milliseconds since 1970",
        "updatedBy": "who published it",
    },
    "TestDefinition": {
        "version": "the version of the test, which appears in logs",
        "salt": "the text that is hashed together with the identifier",
        "rule": "a rule that decides who is in the test, such as ${country == 'US'}; null means "
        "everyone",
        "testType": "the type of the identifier that the test uses",
        "buckets": "the groups",
        "allocations": "the ways to split visitors; the first one whose rule is true is used",
        "constants": "values for rules, by name",
        "silent": "if true, the group is left out of log lines",
        "description": "what the test is about",
        "metaTags": "labels by which applications can select tests",
        "dependsOn": "another test, and the bucket of that test in which a visitor must be",
        "evaluateForIncognitoUsers": "if false, visitors for whom isIncognitoUser is true "
        "get no group",
        "enableUnitlessAllocations": "if true, allocations for visitors without an identifier are "
        "allowed",
        "containsUnitlessAllocation": "true if an allocation is for visitors without an "
        "identifier; `build` sets this field",
        "forceLogging": "if true, log strings in the newer format always contain the group",
        "payloadExperimentConfig": "which fields win if the payloads of several tests with "
        "the payload type json conflict",
        "dynamic": "true if an application's filter selected the test",
    },
    "Bucket": {
        "name": "the name of the group",
        "value": 'the number of the bucket; a negative number means "not in the test"',
        "description": "what the group sees",
        "payload": "data for the group: an object whose only key is the type of the data",
    },
    "Allocation": {
        "rule": "a rule that decides who is in this allocation; only the last allocation can have "
        "no rule",
        "ranges": "how the visitors in this allocation are split; the lengths add up to 1",
        "id": "an id such as #A1; its number changes if old and new results must not be pooled",
        "name": "a name for human readers",
    },
    "Range": {
        "bucketValue": "the value of the bucket for this range",
        "length": "the share of visitors in this range, from 0 to 1",
    },
    "Dependency": {
        "testName": "the other test, which must have the same test type and a different salt",
        "bucketValue": "the value of the other test's bucket, 0 or more",
    },
    "PayloadExperimentConfig": {
        "priority": "an integer in quotes; if properties conflict, the highest priority wins; null "
        "is the lowest",
        "namespaces": "names by which applications can select tests",
    },
    "ExpectedTest": {
        "buckets": "the groups that the application handles, with their values",
        "fallbackValue": "the value of the bucket for visitors without a group",
        "payload": "the payload that each group must have",
        "description": "what the test is about",
    },
    "ExpectedPayload": {
        "type": "the type of the payload",
        "schema": "for a map: the type of the value under each key",
        "validator": "a rule for the value or, if the value is a map, for its keys",
        "allowForce": "if true, visitors who are allowed to force groups can also force payloads",
    },
}
