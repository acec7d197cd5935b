"""Java Proctor's checks of a definition before it is saved  [EditAndPromoteJob].

`edit_problems` yields all problems in Java Proctor's order, each with its place and a fix. Java
Proctor reports only the first one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from proctor.core.authoring.definitions.names import (
    MAX_LENGTH,
    is_bucket_name,
    is_meta_tag,
    is_test_name,
)
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.trees.consistency import consistency_problems
from proctor.core.java.text import utf16_length
from proctor.core.java.values import java_string
from proctor.core.messages import shown
from proctor.core.problems import Problem, Severity
from proctor.core.rules.rule import is_blank
from proctor.core.sentences import Sentence, gettext_noop, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.core.authoring.definitions.definition import Definition

__all__ = ["edit_problems", "edit_warnings", "field_problems", "name_problems"]

#: The name of the matrix in Java Proctor's messages about an edit.
_SOURCE = "edit"
_PAGE = "PAGE"
_TOLERANCE = 1e-6


def _problem(
    definition: Definition,
    code: str,
    message: str,
    java_message: str | None,
    allocation: int | None = None,
) -> Problem:
    return Problem(
        Severity.FATAL,
        message,
        definition.name or None,
        allocation,
        java_message=java_message,
        code=code,
    )


def name_problems(name: str) -> Iterator[Problem]:
    """Yield the problems with a new test's name."""
    if not is_test_name(name):
        yield Problem(
            Severity.FATAL,
            Sentence(
                gettext_noop(
                    "invalid test name {name}: use ASCII letters, digits and "
                    "underscores, with no digit at the start or the end"
                ),
                name=shown(name),
            ),
            name or None,
            java_message="Test Name must be alpha-numeric underscore and not start/end with a "
            f"number, found: '{name}'",
            code="test-name",
        )
    length = utf16_length(name)
    if length > MAX_LENGTH:
        yield Problem(
            Severity.FATAL,
            Sentence(
                gettext_noop("the name of the test has {length} characters; use at most {limit}"),
                length=length,
                limit=MAX_LENGTH,
            ),
            name,
            java_message=f"Test Name length can't be longer than {MAX_LENGTH}, found: {length}",
            code="test-name-length",
        )


def edit_problems(definition: Definition) -> Iterator[Problem]:
    """Yield every reason why Java Proctor would not save *definition*, in Java Proctor's order."""
    yield from field_problems(definition)
    try:
        test = definition.consumable()
    except Refusal as refusal:
        yield refusal.problem
    else:
        yield from consistency_problems(test, _SOURCE)


def field_problems(definition: Definition) -> Iterator[Problem]:
    """Yield the problems that `edit_problems` reports before it runs the checks of a matrix."""
    yield from _required(definition)
    yield from _meta_tags(definition)
    yield from _ranges(definition)
    yield from _buckets(definition)


def _required(definition: Definition) -> Iterator[Problem]:
    test = definition.test
    if is_blank(test.description):
        yield _problem(
            definition,
            "description-required",
            Sentence(gettext_noop("the description is missing; add one")),
            "Description is required.",
        )
    if is_blank(test.salt):
        yield _problem(
            definition,
            "salt-required",
            Sentence(gettext_noop("the salt is missing; add one")),
            "Salt is required.",
        )
    if test.test_type is None:
        yield _problem(
            definition,
            "test-type-required",
            Sentence(gettext_noop("the test type is missing; add one, for example USER")),
            "TestType is required.",
        )
    yield from _required_lists(definition)


def _required_lists(definition: Definition) -> Iterator[Problem]:
    test, nulls = definition.test, definition.nulls
    if "buckets" in nulls:
        yield _null(definition, "buckets")
    elif not test.buckets and not any(each.startswith("buckets[") for each in nulls):
        yield _problem(
            definition,
            "buckets-required",
            Sentence(gettext_noop("there are no buckets; add at least one")),
            "Buckets cannot be empty.",
        )
    if not test.allocations:
        yield _problem(
            definition,
            "allocations-required",
            Sentence(gettext_noop("there are no allocations; add at least one")),
            "Allocations cannot be empty.",
        )


def _null(definition: Definition, place: str) -> Problem:
    return _problem(
        definition,
        "json-null",
        Sentence(gettext_noop("{place} is null; make it empty instead"), place=place),
        None,
    )


def _meta_tags(definition: Definition) -> Iterator[Problem]:
    tags = definition.test.meta_tags
    if "metaTags" in definition.nulls:
        yield _null(definition, "metaTags")
    elif None in tags:
        yield _null(definition, Sentence(gettext_noop("a meta tag")))
    bad = [each for each in tags if each is not None and not is_meta_tag(each)]
    if bad:
        yield _problem(
            definition,
            "meta-tag",
            Sentence(
                gettext_noop(
                    "invalid meta tags {tags}: use ASCII letters, digits and underscores, "
                    "with single dots or colons between them, at most {limit} characters"
                ),
                tags=listed(map(shown, bad)),
                limit=MAX_LENGTH,
            ),
            "Meta Tag must \n - be alpha-numeric underscore\n - not be longer than "
            f"{MAX_LENGTH}\n but found: [{', '.join(bad)}]",
        )


def _ranges(definition: Definition) -> Iterator[Problem]:
    """Yield a problem for each null range. Such a range makes Java Proctor fail."""
    places = [each for each in definition.nulls if ".ranges" in each]
    first = [each for each in places if each == "allocations[0].ranges" or each.endswith("]")]
    for place in sorted(first):
        yield _null(definition, place)


def _buckets(definition: Definition) -> Iterator[Problem]:
    test = definition.test
    negative = [each for each in test.buckets if each.value < 0]
    if test.test_type == _PAGE and negative:
        yield _problem(
            definition,
            "page-bucket",
            Sentence(
                gettext_noop(
                    "a PAGE test has the negative bucket {name!r} ({value}); remove it, or "
                    "choose a different test type"
                ),
                name=negative[0].name,
                value=negative[0].value,
            ),
            "PAGE tests cannot contain negative buckets.",
        )
    for place in sorted(each for each in definition.nulls if each.startswith("buckets[")):
        yield _null(definition, place)
    for each in test.buckets:
        if not is_bucket_name(each.name):
            yield _problem(
                definition,
                "bucket-name",
                Sentence(
                    gettext_noop(
                        "invalid bucket name {name}: use ASCII letters, digits and "
                        "underscores, with no digit at the start"
                    ),
                    name=shown(each.name),
                ),
                "Bucket name must be alpha-numeric underscore and not start with a number, "
                f"found: '{each.name}'",
            )


def edit_warnings(definition: Definition) -> list[str]:
    """Return Java Proctor's warnings about unequal groups in the first allocation."""
    if not definition.test.allocations:
        return []
    sums: dict[int, float] = defaultdict(float)
    for each in definition.test.allocations[0].ranges:
        sums[each.bucket_value] += each.length
    active = [value for value in sorted(sums) if sums[value] > 0]
    if len(active) <= 1:
        return []
    if 0 not in sums:
        return ["WARNING: You should have a zero bucket (control)."]
    control = sums[0]
    return [
        "WARNING: Positive bucket total allocation size not same as control bucket total "
        f"allocation size. \nBucket #{value}={java_string(sums[value])}, "
        f"Zero Bucket={java_string(control)}"
        for value in active
        if value > 0 and abs(sums[value] - control) > _TOLERANCE
    ]
