"""Find problems in a specification before a matrix is checked against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.core.authoring.compatibility.specifications import specification_of
from proctor.core.authoring.refusals import Refusal
from proctor.core.exceptions import RuleError
from proctor.core.matrices.payloads import PAYLOAD_TYPES
from proctor.core.messages import nearest
from proctor.core.problems import Problem, Severity
from proctor.core.rules.rule import Rule, is_blank
from proctor.core.sentences import Sentence, gettext_noop, listed, sentence_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.core.authoring.compatibility.specifications import ExpectedPayload, ExpectedTest

__all__ = ["specification_problems"]


def specification_problems(document: Any) -> list[Problem]:
    """Return all problems in the parsed JSON of a specification.

    A problem is fatal if it prevents applications from reading the specification, or if it makes
    every check of a matrix fail. Its severity is "dropped" if no matrix can meet the requirements
    for a test. An unknown field is only a warning: applications accept such fields, but Java
    Proctor's editor does not.
    """
    try:
        specification = specification_of(document)
    except Refusal as refusal:
        return [refusal.problem]
    found = []
    try:
        specification_of(document, strict=True)
    except Refusal as refusal:
        found.append(_problem(None, refusal.code, refusal.problem.message, Severity.WARNING))
    for name, expected in specification.tests.items():
        if expected is None:
            message = Sentence(gettext_noop("the specification of the test is null; write {{}}"))
            found.append(_problem(name, "specification-null", message, Severity.FATAL))
        else:
            found.extend(_buckets(name, expected))
            if expected.payload is not None:
                found.extend(_payload(name, expected.payload))
    return found


def _problem(
    test: str | None, code: str, message: str, severity: Severity = Severity.DROPPED
) -> Problem:
    return Problem(severity, message, test, code=code)


def _buckets(name: str, expected: ExpectedTest) -> Iterator[Problem]:
    names: dict[int, str] = {}
    for bucket, value in expected.buckets.items():
        if value is None:
            message = Sentence(
                gettext_noop("the bucket {bucket!r} has no value; add one"), bucket=bucket
            )
            yield _problem(name, "specification-null", message, Severity.FATAL)
        elif value in names:
            yield _problem(
                name,
                "specification-duplicate-value",
                Sentence(
                    gettext_noop(
                        "the buckets {other!r} and {bucket!r} both have the value {value}; "
                        "remove one"
                    ),
                    other=names[value],
                    bucket=bucket,
                    value=value,
                ),
            )
        else:
            names[value] = bucket
    if names and expected.fallback_value not in names:
        yield _problem(
            name,
            "specification-fallback",
            Sentence(
                gettext_noop(
                    "the fallback value {value} is not the value of a bucket: "
                    "expected one of {names}"
                ),
                value=expected.fallback_value,
                names=listed(map(str, sorted(names))),
            ),
            Severity.WARNING,
        )


def _payload(name: str, payload: ExpectedPayload) -> Iterator[Problem]:
    if payload.type not in PAYLOAD_TYPES:
        hint = nearest(payload.type, PAYLOAD_TYPES)
        message = Sentence(
            gettext_noop("unknown payload type {type!r}: {known}"), type=payload.type, known=hint
        )
        yield _problem(name, "specification-payload-type", message, Severity.FATAL)
        return
    if payload.type == "map":
        yield from _schema(name, payload)
    if payload.validator is not None and not is_blank(payload.validator):
        try:
            Rule(payload.validator)
        except RuleError as error:
            message = Sentence(
                gettext_noop("the validator {validator!r} is not a valid rule: {error}"),
                validator=payload.validator,
                error=sentence_of(error),
            )
            yield _problem(name, "specification-validator", message, Severity.FATAL)


def _schema(name: str, payload: ExpectedPayload) -> Iterator[Problem]:
    if not payload.schema:
        message = Sentence(
            gettext_noop('the payload is a map without a schema; add one: {{"key": "stringValue"}}')
        )
        yield _problem(name, "specification-schema", message)
        return
    allowed = [each for each in PAYLOAD_TYPES if each not in ("map", "json")]
    for key, kind in payload.schema.items():
        if kind not in allowed:
            message = Sentence(
                gettext_noop("the schema gives {key!r} the unknown type {kind!r}: {known}"),
                kind=kind,
                key=key,
                known=nearest(kind, allowed),
            )
            yield _problem(name, "specification-schema", message)
