"""Check a single test, without looking at any other test.

[ProctorUtils.verifyInternallyConsistentDefinition]
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from proctor.core.java.conversion import to_json
from proctor.core.java.encodable import encodable_json
from proctor.core.matrices.definitions import is_unitless
from proctor.core.matrices.limits import SUM_MAX, SUM_MIN
from proctor.core.matrices.payloads import NO_TYPE
from proctor.core.messages import nearest
from proctor.core.problems import NEVER_TRUE, Problem, Severity
from proctor.core.rules.rule import RuleKind, classify
from proctor.core.sentences import Parts, Sentence, gettext_noop, listed, sentence_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from typing import Any

    from proctor.core.matrices.matrix import Allocation, TestDefinition
    from proctor.core.matrices.rule_check import RuleChecker

__all__ = ["Inspection"]


class Inspection:
    """Checks one test, in Java Proctor's order."""

    def __init__(
        self,
        test: TestDefinition,
        checker: RuleChecker,
        test_types: Collection[str],
        *,
        warns: bool = True,
    ) -> None:
        """Prepare to check *test*. If *warns* is False, skip the checks that only warn."""
        self._warns = warns
        self._test = test
        self._checker = checker
        self._test_types = test_types
        self._constants: Mapping[str, Any] = {
            name: to_json(value) for name, value in test.constants.items()
        }
        self._values = {bucket.value for bucket in test.buckets}

    def problems(self) -> Iterator[Problem]:
        """Return all problems except those that concern the dependency on another test."""
        yield from self._type()
        yield from self._rule(self._test.rule)
        if not self._test.allocations:
            yield self._problem(
                Sentence(gettext_noop("there are no allocations; add at least one")),
                code="no-allocations",
            )
        for index, allocation in enumerate(self._test.allocations):
            yield from self._allocation(index, allocation)
        yield from self._payloads()
        if self._warns:
            yield from self._doubtful()

    def _problem(
        self,
        message: str,
        *,
        severity: Severity = Severity.DROPPED,
        allocation: int | None = None,
        rule: str | None = None,
        column: int | None = None,
        java_message: str | None = None,
        code: str = "",
    ) -> Problem:
        name = self._test.name
        return Problem(severity, message, name, allocation, rule, column, java_message, code)

    def _type(self) -> Iterator[Problem]:
        if self._test.test_type not in self._test_types:
            shown = self._test.test_type
            yield self._problem(
                Sentence(
                    gettext_noop("the test type {test_type!r} is unknown: {known}"),
                    test_type=shown,
                    known=nearest(shown or "", self._test_types),
                ),
                code="test-type",
            )

    def _rule(self, rule: str | None, allocation: int | None = None) -> Iterator[Problem]:
        found = self._checker.check(rule, self._constants)
        if found is not None:
            severity, error = found
            yield self._problem(
                sentence_of(error),
                severity=severity,
                allocation=allocation,
                rule=rule,
                column=error.column,
                java_message=error.java_message,
                code=f"rule-fails:{error.java_class}" if severity is Severity.FATAL else "rule",
            )
        if not self._warns:
            return
        if found is None:
            for error in self._checker.never_true(rule or "", self._constants):
                yield self._problem(
                    sentence_of(error),
                    severity=Severity.WARNING,
                    allocation=allocation,
                    rule=rule,
                    column=error.column,
                    code=NEVER_TRUE,
                )
        kind = classify(rule)
        is_fixed = kind in (RuleKind.TRUE, RuleKind.FALSE)
        if is_fixed and classify(rule, whole_words=True) is not kind:
            yield self._problem(
                Sentence(
                    gettext_noop("{rule!r} begins with {word!r}, so the rest of it is ignored"),
                    rule=rule,
                    word=kind.value,
                ),
                severity=Severity.WARNING,
                allocation=allocation,
                rule=rule,
            )

    def _allocation(self, index: int, allocation: Allocation) -> Iterator[Problem]:
        ranges = allocation.ranges
        if not ranges:
            yield self._problem(
                Sentence(
                    gettext_noop(
                        "this allocation has no ranges; add ranges whose lengths add up to 1"
                    )
                ),
                allocation=index,
                code="no-ranges",
            )
        if (
            self._test.enable_unitless_allocations
            and is_unitless(allocation.rule)
            and all(each.length <= 0.9999 for each in ranges)
        ):
            yield self._problem(
                Sentence(
                    gettext_noop(
                        "this allocation is for visitors without an identifier, who all get the "
                        "same bucket; give one range the length 1"
                    )
                ),
                allocation=index,
                rule=allocation.rule,
                code="unitless-ranges",
            )
        for each in ranges:
            if each.bucket_value not in self._values:
                yield self._problem(
                    Sentence(
                        gettext_noop(
                            "a range has the bucket value {value}, which no bucket has: "
                            "expected one of {known}"
                        ),
                        value=each.bucket_value,
                        known=self._known_values(),
                    ),
                    allocation=index,
                    code="unknown-bucket",
                )
        if ranges:
            yield from self._lengths(index, allocation)
        last = index == len(self._test.allocations) - 1
        if classify(allocation.rule) is RuleKind.EMPTY and not last:
            yield self._problem(
                Sentence(
                    gettext_noop(
                        "this allocation has no rule, so no later allocation is ever reached; "
                        "only the last allocation may be without a rule"
                    )
                ),
                allocation=index,
                code="empty-rule",
            )
        yield from self._rule(allocation.rule, index)

    def _known_values(self) -> Parts | Sentence:
        if not self._values:
            return Sentence(gettext_noop("no buckets"))
        return listed(map(str, sorted(self._values)))

    def _lengths(self, index: int, allocation: Allocation) -> Iterator[Problem]:
        total = 0.0
        for each in allocation.ranges:
            total += each.length
        # As in Java Proctor, NaN (which Jackson reads from the text "NaN") passes both checks.
        if total < SUM_MIN or total > SUM_MAX:
            shown = " + ".join(str(each.length) for each in allocation.ranges[:20])
            yield self._problem(
                Sentence(
                    gettext_noop("range lengths add up to {total}, expected 1.0: {sum}"),
                    total=f"{total:.10g}",
                    sum=shown,
                ),
                allocation=index,
                code="range-sum",
            )
        for each in allocation.ranges:
            if not 0 <= each.length <= 1:
                yield self._problem(
                    Sentence(
                        gettext_noop(
                            "expected a range length from 0 to 1, got {length} for bucket {value}; "
                            "change it, or remove the range"
                        ),
                        length=each.length,
                        value=each.bucket_value,
                    ),
                    severity=Severity.WARNING,
                    allocation=index,
                    code="range-length",
                )

    def _payloads(self) -> Iterator[Problem]:
        """Check that all buckets have payloads of one type, or no payloads (Java: ProctorUtils)."""
        buckets = self._test.buckets
        first = next((each for each in buckets if each.payload is not None), None)
        if first is None or first.payload is None:
            return
        without = [each.name for each in buckets if each.payload is None]
        if without:
            yield self._problem(
                Sentence(
                    gettext_noop(
                        "bucket {name!r} has a payload, but there is none for {without}; "
                        "give a payload to all buckets or to none"
                    ),
                    name=first.name,
                    without=listed(map(repr, without)),
                ),
                code="payload-missing",
            )
        for each in buckets:
            if each.payload is not None and each.payload.type != first.payload.type:
                yield self._problem(
                    Sentence(
                        gettext_noop(
                            "the payload of bucket {name!r} is {type}, but that of bucket "
                            "{first!r} is {first_type}; use the same type for all buckets"
                        ),
                        name=each.name,
                        type=each.payload.type or NO_TYPE,
                        first=first.name,
                        first_type=first.payload.type or NO_TYPE,
                    ),
                    code="payload-type",
                )

    def _unencodable(self) -> Iterator[Problem]:
        test = self._test
        payloads = [each.payload.value for each in test.buckets if each.payload is not None]
        words = [test.name, test.description, test.version, test.salt, *test.meta_tags]
        words += [each.id for each in test.allocations]
        words += [word for each in test.buckets for word in (each.name, each.description)]
        # A fast check, because nearly all tests contain only ASCII.
        if "".join(filter(None, words)).isascii() and all(
            encodable_json(each) is each for each in payloads
        ):
            return
        texts: list[tuple[str, Any]] = [
            (Sentence(gettext_noop("the name")), test.name),
            (Sentence(gettext_noop("the description")), test.description),
            (Sentence(gettext_noop("the version")), test.version),
            (Sentence(gettext_noop("the salt")), test.salt),
            (Sentence(gettext_noop("a tag")), test.meta_tags),
        ]
        for index, each in enumerate(test.allocations):
            text = gettext_noop("the id of allocation {number}")
            texts.append((Sentence(text, number=index + 1), each.id))
        for bucket in test.buckets:
            number = bucket.value
            described = Sentence(gettext_noop("the description of bucket {value}"), value=number)
            paid = Sentence(gettext_noop("the payload of bucket {value}"), value=number)
            texts += [
                (Sentence(gettext_noop("the name of a bucket")), bucket.name),
                (described, bucket.description),
                (paid, bucket.payload and bucket.payload.value),
            ]
        for place, value in texts:
            if encodable_json(value) is not value:
                yield self._problem(
                    Sentence(
                        gettext_noop(
                            "{place} has a lone surrogate, half of a character beyond U+FFFF: "
                            "pages show U+FFFD instead; write the whole character"
                        ),
                        place=place,
                    ),
                    severity=Severity.WARNING,
                )

    def _doubtful(self) -> Iterator[Problem]:
        """Return warnings about a test that works in Java Proctor but probably not as intended."""
        counts = Counter(bucket.value for bucket in self._test.buckets)
        for value, count in counts.items():
            if count > 1:
                yield self._problem(
                    Sentence(
                        gettext_noop(
                            "{count} buckets have the value {value}: visitors are assigned to "
                            "the last one, but forced into the first one; give each bucket a "
                            "different value"
                        ),
                        count=count,
                        value=value,
                    ),
                    severity=Severity.WARNING,
                    code="duplicate-bucket-value",
                )
        names = Counter(bucket.name for bucket in self._test.buckets)
        for name, count in names.items():
            if count > 1:
                yield self._problem(
                    Sentence(
                        gettext_noop(
                            "{count} buckets have the name {name!r}; give each bucket a "
                            "different name"
                        ),
                        count=count,
                        name=name,
                    ),
                    severity=Severity.WARNING,
                    code="duplicate-bucket-name",
                )
        yield from self._unencodable()
        stem = self._test.name.rstrip("0123456789")
        if stem != self._test.name:
            digits = self._test.name[len(stem) :]
            yield self._problem(
                Sentence(
                    gettext_noop(
                        "the name ends in a digit, so {name}1 in a log or in forced groups can be "
                        "misread as bucket {digits}1 of the test {stem!r}"
                    ),
                    name=self._test.name,
                    digits=digits,
                    stem=stem,
                ),
                severity=Severity.WARNING,
            )
