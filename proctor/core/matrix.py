"""The test matrix: JSON in, frozen values out, and back.

    Matrix ── audit: Audit
           └─ tests: name → TestDefinition ── buckets: Bucket ── payload: Payload
                                           ├─ allocations: Allocation ── ranges: Range
                                           ├─ depends_on: Dependency
                                           └─ payload_experiment_config

Here a matrix is only read, as the Java reads it. Whether its tests make sense is asked
in `proctor.core.validation`; no rule is parsed here.

Every class keeps the fields that it does not know in `extra`. Nothing in a matrix can be
changed: arrays are tuples, objects are read-only dicts, and `json.dumps` writes both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from proctor.core.dates import central_time
from proctor.core.documents import Fields, written
from proctor.core.exceptions import ConversionError, MatrixLoadError
from proctor.core.frozen import FrozenDict, thaw
from proctor.core.jackson import parse_document, shown, to_text
from proctor.core.payloads import PAYLOAD_TYPES, Payload

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = [
    "PAYLOAD_TYPES",
    "Allocation",
    "Audit",
    "Bucket",
    "Dependency",
    "Matrix",
    "Payload",
    "PayloadExperimentConfig",
    "Range",
    "TestDefinition",
]


def _given() -> Any:
    """The field that remembers which known fields the original had.

    `to_dict` leaves out what was left out, if it has the default. None: made in Python,
    all fields are written. It does not count when two values are compared.
    """
    return field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Audit:
    """Who published the matrix, and when."""

    version: str | None = None
    #: Milliseconds since 1970; None where the matrix does not say.
    updated: int | None = None
    updated_by: str | None = None
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)
    given: frozenset[str] | None = _given()

    @classmethod
    def read(cls, source: Fields) -> Audit:
        """Read the object `audit` of a matrix."""
        updated = source.long("updated")
        if updated is None and "updated" in source:
            updated = 0
        version, updated_by = source.text("version"), source.text("updatedBy")
        return cls(version, updated, updated_by, source.unknown(), source.given())

    @property
    def updated_date(self) -> str | None:
        """`updated` in US Central time, as in 2006-03-15T04:24-0600.

        None where `updated` is missing, and "" where it is 0 or less (Java: Audit).
        """
        if self.updated is None:
            return None
        return central_time(self.updated) if self.updated > 0 else ""

    def to_dict(self) -> dict[str, Any]:
        """The object as JSON."""
        fields = {"version": self.version, "updated": self.updated, "updatedBy": self.updated_by}
        return written(fields, self.given, thaw(self.extra))


@dataclass(frozen=True, slots=True)
class Range:
    """A share of an allocation: its length, from 0 to 1, and the bucket that it leads to."""

    bucket_value: int = 0
    length: float = 0.0
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)
    given: frozenset[str] | None = _given()

    @classmethod
    def read(cls, source: Fields) -> Range:
        """Read one entry of `ranges`."""
        bucket_value, length = source.integer("bucketValue"), source.double("length")
        return cls(bucket_value, length, source.unknown(), source.given())

    def to_dict(self) -> dict[str, Any]:
        """The object as JSON."""
        fields = {"bucketValue": self.bucket_value, "length": thaw(self.length)}
        return written(fields, self.given, thaw(self.extra))


@dataclass(frozen=True, slots=True)
class Bucket:
    """A group of a test: what a visitor is shown, and what goes with it."""

    name: str = ""
    value: int = 0
    description: str | None = None
    payload: Payload | None = None
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)
    given: frozenset[str] | None = _given()

    @classmethod
    def read(cls, source: Fields) -> Bucket:
        """Read one entry of `buckets`."""
        name, value = source.text("name") or "", source.integer("value")
        description = source.text("description")
        payload = Payload.read(source, "payload")
        return cls(name, value, description, payload, source.unknown(), source.given())

    def to_dict(self) -> dict[str, Any]:
        """The object as JSON."""
        payload = None if self.payload is None else self.payload.to_document()
        fields = {
            "name": self.name,
            "value": self.value,
            "description": self.description,
            "payload": payload,
        }
        # The Java never writes the last two as null.
        given = frozenset(name for name in fields if fields[name] is not None)
        given = given if self.given is None else self.given
        return written(fields, given, thaw(self.extra))


@dataclass(frozen=True, slots=True)
class Allocation:
    """How the visitors for whom `rule` is true are split."""

    rule: str | None = None
    #: Empty where the matrix has none, or null.
    ranges: tuple[Range, ...] = ()
    id: str = ""
    name: str = ""
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)
    given: frozenset[str] | None = _given()

    @classmethod
    def read(cls, source: Fields) -> Allocation:
        """Read one entry of `allocations`."""
        rule = source.text("rule")
        ranges = source.objects("ranges", Range.read, nullable=True)
        identifier, name = source.text("id") or "", source.text("name") or ""
        return cls(rule, ranges, identifier, name, source.unknown(), source.given())

    def to_dict(self) -> dict[str, Any]:
        """The object as JSON."""
        ranges = [item.to_dict() for item in self.ranges]
        fields = {"rule": self.rule, "ranges": ranges, "id": self.id, "name": self.name}
        return written(fields, self.given, thaw(self.extra))


@dataclass(frozen=True, slots=True)
class Dependency:
    """The test and the bucket in which a visitor must already be."""

    test_name: str | None = None
    bucket_value: int = 0
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)
    given: frozenset[str] | None = _given()

    @classmethod
    def read(cls, source: Fields) -> Dependency:
        """Read the object `dependsOn`."""
        test_name, bucket_value = source.text("testName"), source.integer("bucketValue")
        return cls(test_name, bucket_value, source.unknown(), source.given())

    def to_dict(self) -> dict[str, Any]:
        """The object as JSON."""
        fields = {"testName": self.test_name, "bucketValue": self.bucket_value}
        return written(fields, self.given, thaw(self.extra))


@dataclass(frozen=True, slots=True)
class PayloadExperimentConfig:
    """Makes the fields of a test's json payload compete with those of other tests."""

    #: Digits, as a rule; compared as a 64-bit integer.
    priority: str | None = None
    namespaces: tuple[str | None, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)
    given: frozenset[str] | None = _given()

    @classmethod
    def read(cls, source: Fields) -> PayloadExperimentConfig:
        """Read the object `payloadExperimentConfig`."""
        priority, namespaces = source.text("priority"), source.texts("namespaces")
        return cls(priority, namespaces, source.unknown(), source.given())

    def to_dict(self) -> dict[str, Any]:
        """The object as JSON."""
        fields = {"priority": self.priority, "namespaces": list(self.namespaces)}
        return written(fields, self.given, thaw(self.extra))


@dataclass(frozen=True, slots=True)
class TestDefinition:
    """One test of the matrix (Java: ConsumableTestDefinition)."""

    __test__: ClassVar[bool] = False

    name: str
    version: str | None = None
    salt: str | None = None
    rule: str | None = None
    test_type: str | None = None
    buckets: tuple[Bucket, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=FrozenDict)
    silent: bool = False
    description: str | None = None
    meta_tags: tuple[str | None, ...] = ()
    depends_on: Dependency | None = None
    evaluate_for_incognito_users: bool = False
    enable_unitless_allocations: bool = False
    contains_unitless_allocation: bool = False
    force_logging: bool = False
    payload_experiment_config: PayloadExperimentConfig | None = None
    dynamic: bool = False
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)
    given: frozenset[str] | None = _given()

    @classmethod
    def from_dict(cls, name: str, value: Mapping[str, Any]) -> TestDefinition:
        """Read one entry of `tests`. Raises MatrixLoadError where the Java's load fails."""
        return cls.read(name, Fields(value, owner=f"test {shown(name)}"))

    @classmethod
    def read(cls, name: str, source: Fields) -> TestDefinition:
        """Read one entry of `tests`."""
        fields: dict[str, Any] = {
            "version": source.text("version"),
            "salt": source.text("salt"),
            "rule": source.text("rule"),
            "test_type": source.convert("testType", _test_type),
            "buckets": source.objects("buckets", Bucket.read),
            "allocations": source.objects("allocations", Allocation.read),
            "constants": source.mapping("constants"),
            "silent": source.boolean("silent"),
            "description": source.text("description"),
            "meta_tags": source.texts("metaTags"),
            "depends_on": source.object("dependsOn", Dependency.read),
            "evaluate_for_incognito_users": source.boolean("evaluateForIncognitoUsers"),
            "enable_unitless_allocations": source.boolean("enableUnitlessAllocations"),
            "contains_unitless_allocation": source.boolean("containsUnitlessAllocation"),
            "force_logging": source.boolean("forceLogging"),
            "payload_experiment_config": source.object(
                "payloadExperimentConfig", PayloadExperimentConfig.read
            ),
            "dynamic": source.boolean("dynamic"),
        }
        return cls(name, **fields, extra=source.unknown(), given=source.given())

    def to_dict(self) -> dict[str, Any]:
        """The test's entry of `tests` as JSON."""
        depends_on, experiment = self.depends_on, self.payload_experiment_config
        fields = {
            "constants": thaw(self.constants),
            "version": self.version,
            "salt": self.salt,
            "rule": self.rule,
            "buckets": [bucket.to_dict() for bucket in self.buckets],
            "allocations": [allocation.to_dict() for allocation in self.allocations],
            "silent": self.silent,
            "testType": self.test_type,
            "description": self.description,
            "metaTags": list(self.meta_tags),
            "dependsOn": None if depends_on is None else depends_on.to_dict(),
            "evaluateForIncognitoUsers": self.evaluate_for_incognito_users,
            "enableUnitlessAllocations": self.enable_unitless_allocations,
            "containsUnitlessAllocation": self.contains_unitless_allocation,
            "forceLogging": self.force_logging,
            "payloadExperimentConfig": None if experiment is None else experiment.to_dict(),
            "dynamic": self.dynamic,
        }
        return written(fields, self.given, thaw(self.extra))


def _test_type(value: Any) -> str | None:
    # The Java makes an object of the name, and has no way to make one of a number.
    if value is not None and not isinstance(value, str):
        raise ConversionError(f"{shown(value)} is no string; write one in quotes")
    return to_text(value)


@dataclass(frozen=True, slots=True)
class Matrix:
    """All tests of a site, as read from one file. Safe to share between threads."""

    audit: Audit
    tests: Mapping[str, TestDefinition]
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)
    given: frozenset[str] | None = _given()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Matrix:
        """Read the file *path*, UTF-8.

        Raises MatrixLoadError if it cannot be read, and as `from_json` does.
        """
        try:
            content = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            raise MatrixLoadError(f"cannot read the matrix {str(path)!r}: {error}") from error
        try:
            return cls.from_json(content)
        except MatrixLoadError as error:
            raise MatrixLoadError(f"{path}: {error}", error.problems) from error

    @classmethod
    def from_json(cls, text: str | bytes) -> Matrix:
        """Read a matrix's JSON. Text after the closing brace is ignored, as by the Java.

        Raises MatrixLoadError where the Java's load fails, with the test, the field and
        the value; and also for what could harm the process: JSON nested too deeply and
        integers of thousands of digits.
        """
        try:
            return cls.from_dict(parse_document(text))
        except ConversionError as error:
            raise MatrixLoadError(str(error)) from None

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Matrix:
        """Read a matrix made of Python objects, which are copied.

        Raises MatrixLoadError as `from_json` does.
        """
        source = Fields(value)
        if "audit" not in source:
            source.fail("audit", 'missing; write {"version": "...", "updated": ...}')
        audit = source.convert("audit", lambda value: Audit.read(source.inside("audit", value)))
        tests = source.entries("tests", TestDefinition.from_dict)
        return cls(audit, FrozenDict(tests), source.unknown(), source.given())

    def to_dict(self) -> dict[str, Any]:
        """The matrix as a JSON document of lists and dicts that belong to the caller.

        Reading it again gives an equal matrix. Unknown fields are there; a field that the
        original left out stays out while it has its default; a null where the Java has
        a default of its own (a bucket's name) is written as that default. An infinity,
        of a number such as 1e999, is the string "Infinity", as in the Java.
        """
        tests = {name: test.to_dict() for name, test in self.tests.items()}
        fields = {"audit": self.audit.to_dict(), "tests": tests}
        return written(fields, self.given, thaw(self.extra))

    def to_json(self, indent: int | None = None) -> str:
        """The matrix as JSON text, ASCII only; see `to_dict`."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)
