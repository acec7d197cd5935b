"""Check the payloads of a test against a specification  [ProctorUtils, PayloadType]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.core.authoring.definitions.java_values import bucket_string
from proctor.core.authoring.refusals import Refusal, refuse
from proctor.core.exceptions import RuleError, RuleTypeError
from proctor.core.java.conversion import to_json
from proctor.core.java.values import LongArray, StringArray
from proctor.core.matrices.payloads import NO_TYPE, PAYLOAD_TYPES
from proctor.core.problems import Problem, Severity
from proctor.core.rules.rule import Rule, is_blank
from proctor.core.sentences import Sentence, gettext_noop, listed, sentence_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.authoring.compatibility.specifications import ExpectedPayload
    from proctor.core.matrices.matrix import Bucket, TestDefinition

__all__ = ["payload_problem"]

_NO_SCHEMA = (
    "The bucket definition of test {name} has no payload, but the application is expecting one. "
    "Add a payload to your test definition, or if there should not be one, remove it from the "
    "application's Proctor specification. You can copy the Proctor specification from the "
    "specification tab for the test on Proctor Webapp and add it to the application's json file "
    "that contains the test specification."
)


def payload_problem(test: TestDefinition, expected: ExpectedPayload, source: str) -> Problem | None:
    """Return the reason why the payloads of *test* do not match *expected*, or None if they do.

    A bucket without a payload is always valid. Raises Refusal if Java Proctor's whole check would
    fail because of an unknown type, a null where a value is required, or a validator that cannot be
    run.
    """
    kind = _known_type(expected.type)
    for bucket in test.buckets:
        if bucket.payload is not None:
            problem = _bucket_problem(test.name, bucket, kind, expected, source)
            if problem is not None:
                return problem
    return None


def _known_type(kind: str | None) -> str:
    if kind is None:
        raise refuse(
            "specification-null",
            Sentence(gettext_noop("the specification has a payload without a type; add the type")),
        )
    if kind not in PAYLOAD_TYPES:
        names = ", ".join(PAYLOAD_TYPES)
        raise refuse(
            "specification-payload-type",
            Sentence(
                gettext_noop("unknown payload type {kind!r}; use one of {names}"),
                kind=kind,
                names=listed(PAYLOAD_TYPES),
            ),
            f"Payload type name {kind} is not in the list of standard values: [{names}]",
        )
    return kind


def _problem(test: str, message: str, java_message: str) -> Problem:
    return Problem(
        Severity.DROPPED, message, test, java_message=java_message, code="payload-unexpected"
    )


def _bucket_problem(
    name: str, bucket: Bucket, kind: str, expected: ExpectedPayload, source: str
) -> Problem | None:
    payload = bucket.payload
    assert payload is not None
    if payload.type != kind:
        return _problem(
            name,
            Sentence(
                gettext_noop(
                    "the payload of bucket {name!r} has type {type}, but the application expects "
                    "type {kind}; change one of the types"
                ),
                name=bucket.name,
                type=payload.type or NO_TYPE,
                kind=kind,
            ),
            f"For test {name} from {source} expected payload of type {kind} but matrix has a "
            f"test bucket payload with wrong type: {bucket_string(bucket)}",
        )
    if kind == "map":
        problem = _map_problem(name, bucket, payload.value, expected, source)
        if problem is not None:
            return problem
    return _validated(name, bucket, kind, expected.validator, source)


def _map_problem(
    name: str,
    bucket: Bucket,
    value: Mapping[str, Any],
    expected: ExpectedPayload,
    source: str,
) -> Problem | None:
    schema = expected.schema
    if not schema:
        return _problem(
            name,
            Sentence(
                gettext_noop(
                    "the application expects a map as the payload, but does not say which keys "
                    "the map has; write a schema"
                )
            ),
            _NO_SCHEMA.format(name=name),
        )
    start = f"For test {name} from {source} "
    if len(value) < len(schema):
        return _problem(
            name,
            Sentence(
                gettext_noop(
                    "the map of bucket {name!r} has fewer keys than the application expects: "
                    "{schema}"
                ),
                name=bucket.name,
                schema=listed(schema),
            ),
            f"{start}expected payload of equal size to specification MAP  but matrix has a test "
            f"bucket payload with wrong type size: {bucket_string(bucket)}",
        )
    found = (_key_problem(name, bucket, key, nested, start) for key, nested in schema.items())
    return next(filter(None, found), None)


def _key_problem(
    name: str, bucket: Bucket, key: str, nested: str | None, start: str
) -> Problem | None:
    """Return the problem if the map has no *key*, or if the key's value is not of type *nested*."""
    assert bucket.payload is not None
    value: Mapping[str, Any] = bucket.payload.value
    if key not in value:
        return _problem(
            name,
            Sentence(
                gettext_noop("the map of bucket {name!r} has no key {key!r}; add it"),
                name=bucket.name,
                key=key,
            ),
            f"{start}expected payload of same order and variable names as specificied in MAP "
            f"but matrix has a test bucket payload with wrong type: {bucket_string(bucket)}",
        )
    text = _entry_text(nested, value[key], start, bucket_string(bucket))
    if text is None:
        return None
    return _problem(
        name,
        Sentence(
            gettext_noop("the key {key!r} in the map of bucket {name!r} is not of type {nested}"),
            key=key,
            name=bucket.name,
            nested=nested,
        ),
        text,
    )


def _entry_text(nested: str | None, value: Any, start: str, shown: str) -> str | None:
    """Return Java Proctor's message about one entry in a map, or None if the entry is valid."""
    if nested not in PAYLOAD_TYPES:
        return f"{start}specification payload type unknown in: map"
    if nested == "map":
        return f"{start}specification payload type has unallowed nested map types: map"
    if nested == "json":
        return f"{start}incompatible payload type?"
    if _fits(nested, value):
        return None
    return (
        f"{start}expected payload of type map but matrix has a test bucket payload with wrong "
        f"nested type: {shown}"
    )


def _fits(kind: str, value: Any) -> bool:
    if kind.endswith("Array"):
        if not isinstance(value, tuple):
            return False
        member = "stringValue" if kind == "stringArray" else "doubleValue"
        return all(_fits_scalar(member, _not_null(each)) for each in value)
    return _fits_scalar(kind, value if kind == "stringValue" else _not_null(value))


def _fits_scalar(kind: str, value: Any) -> bool:
    if kind == "stringValue":
        return isinstance(value, str)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _not_null(value: Any) -> Any:
    if value is None:
        raise refuse(
            "specification-null",
            Sentence(gettext_noop("the map of a payload contains null; write a value instead")),
        )
    return value


def _validated(
    name: str, bucket: Bucket, kind: str, validator: str | None, source: str
) -> Problem | None:
    payload = bucket.payload
    if validator is None or is_blank(validator) or payload is None:
        return None
    variables = (
        {key: to_json(each) for key, each in payload.value.items()}
        if kind == "map"
        else {"value": _variable(kind, payload.value)}
    )
    if _holds(validator, variables, unless_boolean=kind == "map"):
        return None
    return _problem(
        name,
        Sentence(
            gettext_noop(
                "the payload of bucket {name!r} does not satisfy the application's rule "
                "{validator!r}"
            ),
            validator=validator,
            name=bucket.name,
        ),
        f"For test {name} from {source} payload validation rule {validator} failed for test "
        f"bucket: {bucket_string(bucket)}",
    )


def _variable(kind: str, value: Any) -> Any:
    """Return the value of a payload as rules see it."""
    if kind == "stringArray":
        return StringArray(value)
    if kind == "longArray":
        return LongArray(value)
    # A long is a Java Long even if it would fit into an Integer.
    return value if kind == "longValue" else to_json(value)


def _holds(validator: str, variables: Mapping[str, Any], *, unless_boolean: bool) -> bool:
    """Return a validator's result, or *unless_boolean* if the result is not a boolean."""
    try:
        return Rule(validator).evaluate(variables)
    except RuleTypeError:
        return unless_boolean
    except RuleError as error:
        raise _crash(validator, error) from error


def _crash(validator: str, error: RuleError) -> Refusal:
    return refuse(
        "validator-fails",
        Sentence(
            gettext_noop("the application's rule {validator!r} cannot be evaluated: {error}"),
            validator=validator,
            error=sentence_of(error),
        ),
        error.java_message,
        thrown=error.java_class.rpartition(".")[2],
    )
