"""The test matrix: read from JSON into frozen values, and written back.

    Matrix ── audit: Audit
           └─ tests: name → TestDefinition ── buckets: Bucket ── payload: Payload
                                           ├─ allocations: Allocation ── ranges: Range
                                           ├─ depends_on: Dependency
                                           └─ payload_experiment_config

This module reads a matrix as Java Proctor does, without parsing rules.
`proctor.core.matrices.validation` checks whether its tests make sense.

Every class keeps unknown fields in `extra`. A matrix is immutable: arrays are tuples,
objects are read-only dicts, and `json.dumps` writes both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from proctor.core.exceptions import ConversionError, MatrixLoadError
from proctor.core.java.dates import central_time
from proctor.core.java.frozen import FrozenDict, thaw
from proctor.core.java.jackson import parse_document, shown_json, to_text
from proctor.core.matrices.documents import Fields, written
from proctor.core.matrices.payloads import PAYLOAD_TYPES, Payload
from proctor.core.sentences import Sentence, gettext_noop, sentence_of

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
    """Return the dataclass field that contains the names of the known fields in the document.

    If the document omitted a field, `to_dict` omits it too, unless its value is no longer the
    default. If the object was created in Python, `given` is None, and all fields are written. The
    names are ignored when objects are compared.
    """
    return field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Audit:
    """The version of a matrix, and who published it when (Java: Audit)."""

    version: str | None = None
    #: The time of publication, in milliseconds since 1970; None if it is missing.
    updated: int | None = None
    updated_by: str | None = None
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)
    given: frozenset[str] | None = _given()

    @classmethod
    def read(cls, source: Fields) -> Audit:
        """Read the `audit` object of a matrix."""
        updated = source.long("updated")
        if updated is None and "updated" in source:
            updated = 0
        version, updated_by = source.text("version"), source.text("updatedBy")
        return cls(version, updated, updated_by, source.unknown(), source.given())

    @property
    def updated_date(self) -> str | None:
        """Return `updated` in US Central time, as in 2006-03-15T04:24-0600.

        Return None if `updated` is missing, and "" if it is 0 or less (Java: Audit).
        """
        if self.updated is None:
            return None
        return central_time(self.updated) if self.updated > 0 else ""

    def to_dict(self) -> dict[str, Any]:
        """Return the object as a JSON-serializable dict."""
        fields = {"version": self.version, "updated": self.updated, "updatedBy": self.updated_by}
        return written(fields, self.given, thaw(self.extra))


@dataclass(frozen=True, slots=True)
class Range:
    """A part of an allocation: its length, from 0 to 1, and its bucket (Java: Range)."""

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
        """Return the object as a JSON-serializable dict."""
        fields = {"bucketValue": self.bucket_value, "length": thaw(self.length)}
        return written(fields, self.given, thaw(self.extra))


@dataclass(frozen=True, slots=True)
class Bucket:
    """A group in a test: its name, value, description and payload (Java: TestBucket)."""

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
        """Return the object as a JSON-serializable dict."""
        payload = None if self.payload is None else self.payload.to_document()
        fields = {
            "name": self.name,
            "value": self.value,
            "description": self.description,
            "payload": payload,
        }
        # For the description and the payload, Java Proctor never writes null.
        given = frozenset(name for name in fields if fields[name] is not None)
        given = given if self.given is None else self.given
        return written(fields, given, thaw(self.extra))


@dataclass(frozen=True, slots=True)
class Allocation:
    """The split of the visitors for whom `rule` is true (Java: Allocation)."""

    rule: str | None = None
    #: The ranges; empty if they are missing or null in the matrix.
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
        """Return the object as a JSON-serializable dict."""
        ranges = [item.to_dict() for item in self.ranges]
        fields = {"rule": self.rule, "ranges": ranges, "id": self.id, "name": self.name}
        return written(fields, self.given, thaw(self.extra))


@dataclass(frozen=True, slots=True)
class Dependency:
    """A dependency: visitors must be in this bucket of this test (Java: TestDependency)."""

    test_name: str | None = None
    bucket_value: int = 0
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)
    given: frozenset[str] | None = _given()

    @classmethod
    def read(cls, source: Fields) -> Dependency:
        """Read the `dependsOn` object."""
        test_name, bucket_value = source.text("testName"), source.integer("bucketValue")
        return cls(test_name, bucket_value, source.unknown(), source.given())

    def to_dict(self) -> dict[str, Any]:
        """Return the object as a JSON-serializable dict."""
        fields = {"testName": self.test_name, "bucketValue": self.bucket_value}
        return written(fields, self.given, thaw(self.extra))


@dataclass(frozen=True, slots=True)
class PayloadExperimentConfig:
    """Decides which test wins if `json` payloads conflict (Java: PayloadExperimentConfig)."""

    #: The text of a number, usually only digits. It is compared as a 64-bit integer.
    priority: str | None = None
    namespaces: tuple[str | None, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)
    given: frozenset[str] | None = _given()

    @classmethod
    def read(cls, source: Fields) -> PayloadExperimentConfig:
        """Read the `payloadExperimentConfig` object."""
        priority, namespaces = source.text("priority"), source.texts("namespaces")
        return cls(priority, namespaces, source.unknown(), source.given())

    def to_dict(self) -> dict[str, Any]:
        """Return the object as a JSON-serializable dict."""
        fields = {"priority": self.priority, "namespaces": list(self.namespaces)}
        return written(fields, self.given, thaw(self.extra))


@dataclass(frozen=True, slots=True)
class TestDefinition:
    """One test in the matrix (Java: ConsumableTestDefinition)."""

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
        """Read one entry of `tests`. Raises MatrixLoadError if Java Proctor fails to load it."""
        return cls.read(
            name, Fields(value, owner=Sentence(gettext_noop("test {name}"), name=shown_json(name)))
        )

    @classmethod
    def read(cls, name: str, source: Fields) -> TestDefinition:
        """Read one entry of `tests`."""
        fields: dict[str, Any] = {
            "version": source.text("version"),
            "salt": source.text("salt"),
            "rule": source.text("rule"),
            "test_type": source.convert("testType", _test_type, kind="plain text"),
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
        """Return the entry of the test in `tests` as JSON."""
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
    # In Java Proctor, the name of a test type cannot be written as a number.
    if value is not None and not isinstance(value, str):
        raise ConversionError(
            Sentence(
                gettext_noop("{value} is not a string; write it in quotes"),
                value=shown_json(value),
            )
        )
    return to_text(value)


@dataclass(frozen=True, slots=True)
class Matrix:
    """All tests of a site, read from one file. Thread-safe (Java: TestMatrixArtifact)."""

    audit: Audit
    tests: Mapping[str, TestDefinition]
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)
    given: frozenset[str] | None = _given()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Matrix:
        """Read the UTF-8 file at *path*.

        Raises MatrixLoadError if the file cannot be read, for a URL (which `MatrixSource` reads),
        and in the same cases as `from_json`.
        """
        scheme, is_url, _ = str(path).partition("://")
        if is_url and scheme.isalnum():
            expected = gettext_noop(
                "expected the path of a file, got a URL ({scheme}://…); read it with MatrixSource"
            )
            raise MatrixLoadError(Sentence(expected, scheme=scheme))
        try:
            content = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            raise MatrixLoadError(
                Sentence(
                    gettext_noop("cannot read the matrix {path!r}: {error}"),
                    path=str(path),
                    error=sentence_of(error),
                )
            ) from error
        try:
            return cls.from_json(content)
        except MatrixLoadError as error:
            raise MatrixLoadError(
                Sentence(gettext_noop("{path}: {error}"), path=path, error=sentence_of(error)),
                error.problems,
            ) from error

    @classmethod
    def from_json(cls, text: str | bytes) -> Matrix:
        """Read a matrix from JSON. Text after the closing brace is ignored, as in Java Proctor.

        Raises MatrixLoadError, which names the test, the field and the value, if Java Proctor would
        fail to load the matrix. Also raises it for input that could harm the process: JSON that is
        nested too deeply, or integers with thousands of digits.
        """
        try:
            document = parse_document(text)
        except ConversionError as error:
            raise MatrixLoadError(sentence_of(error)) from None
        return cls.read(Fields(document, consume=True))

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Matrix:
        """Read a matrix from Python objects, which are copied.

        Raises MatrixLoadError in the same cases as `from_json`.
        """
        return cls.read(Fields(value))

    @classmethod
    def read(cls, source: Fields) -> Matrix:
        """Read the whole document."""
        audit = source.required("audit", Audit.read, '{"version": "...", "updated": ...}')
        tests = source.entries("tests", TestDefinition.from_dict)
        return cls(audit, FrozenDict(tests), source.unknown(), source.given())

    def to_dict(self) -> dict[str, Any]:
        """Return the matrix as a JSON document built from new lists and dicts.

        Reading it again gives an equal matrix. Unknown fields are included. A field that the
        original document omitted is left out if it still has its default. A null is written as Java
        Proctor's default, if there is one (for example for a bucket's name). An infinity, read from
        a number such as 1e999, becomes the string "Infinity", as in Java Proctor.
        """
        tests = {name: test.to_dict() for name, test in self.tests.items()}
        fields = {"audit": self.audit.to_dict(), "tests": tests}
        return written(fields, self.given, thaw(self.extra))

    def to_json(self, indent: int | None = None) -> str:
        """Return the matrix as JSON text in ASCII; see `to_dict`."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)
