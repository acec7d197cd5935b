"""Search the tests of a branch [TestSearchApiController]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.core.authoring.refusals import refuse
from proctor.core.java.text import is_whitespace, lower
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["FILTERS", "SORTS", "Found", "Listed", "Query", "is_active", "search"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A test in the list."""

    definition: Definition
    #: The time of the test's last revision, in seconds since 1970.
    updated: float = 0

    @property
    def name(self) -> str:
        """The test's name."""
        return self.definition.name


@dataclass(frozen=True, slots=True)
class Query:
    """The search criteria."""

    #: Words that must all occur in the field, ignoring case.
    text: str = ""
    #: The field to search: a key of `FILTERS`.
    where: str = "ALL"
    #: True for only active tests, False for only inactive tests, None for all tests.
    active: bool | None = None
    #: The sort order: a key of `SORTS`.
    sort: str = "FAVORITESFIRST"
    #: The names of tests to put first.
    favorites: Sequence[str] = ()
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Found:
    """The tests that were found, in order."""

    tests: tuple[Listed, ...]
    #: The number of tests on the branch.
    total: int
    #: The number of matches before the limit is applied. Java Proctor shows the number of matches
    #: after the limit is applied.
    matching: int


def _name(test: TestDefinition) -> Iterator[str | None]:
    yield test.name


def _description(test: TestDefinition) -> Iterator[str | None]:
    # A missing description or rule never matches.
    yield test.description or ""


def _rules(test: TestDefinition) -> Iterator[str | None]:
    yield test.rule or ""
    for each in test.allocations:
        yield each.rule or ""


def _buckets(test: TestDefinition) -> Iterator[str | None]:
    for each in test.buckets:
        yield each.name


def _bucket_descriptions(test: TestDefinition) -> Iterator[str | None]:
    for each in test.buckets:
        yield each.description or ""


def _everything(test: TestDefinition) -> Iterator[str | None]:
    for texts in (_name, _description, _rules, _buckets, _bucket_descriptions):
        yield from texts(test)
    yield test.test_type
    for tag in test.meta_tags:
        yield tag or ""
    yield test.salt


#: Maps each field name to a function that yields the texts to search, in order. The search fails if
#: a text is None because the test has no type or no salt.
FILTERS: Mapping[str, Callable[[TestDefinition], Iterator[str | None]]] = {
    "ALL": _everything,
    "TESTNAME": _name,
    "DESCRIPTION": _description,
    "RULE": _rules,
    "BUCKET": _buckets,
    "BUCKETDESCRIPTION": _bucket_descriptions,
}


def _by_name(listed: Listed) -> str:
    return lower(listed.name)


def _by_update(listed: Listed) -> tuple[float, str]:
    return (-listed.updated, lower(listed.name))


SORTS = ("FAVORITESFIRST", "TESTNAME", "UPDATEDDATE")


def search(tests: Iterable[Listed], query: Query) -> Found:
    """Return the *tests* that match *query*, in the order that it specifies.

    Raises Refusal for a negative limit, for an unknown filter or order and, if the search uses
    types or salts, for a test that has no type or no salt.
    """
    listed = list(tests)
    if query.where not in FILTERS or query.sort not in SORTS:
        known = ", ".join((*FILTERS, *SORTS))
        raise refuse(
            "search",
            Sentence(
                gettext_noop(
                    "unknown filter {where!r} or sort order {sort!r}; expected one of {known}"
                ),
                where=query.where,
                sort=query.sort,
                known=known,
            ),
        )
    words = _words(query.text)
    matching = [each for each in listed if _matches(each.definition.test, words, query)]
    if query.sort == "UPDATEDDATE":
        matching.sort(key=_by_update)
    elif query.sort == "TESTNAME":
        matching.sort(key=_by_name)
    else:
        favorites = set(query.favorites)
        matching.sort(key=lambda each: (each.name not in favorites, _by_name(each)))
    if query.limit < 0:
        raise refuse(
            "search-limit",
            Sentence(gettext_noop("expected a limit of 0 or more, got {limit}"), limit=query.limit),
            str(query.limit),
        )
    return Found(tuple(matching[: query.limit]), len(listed), len(matching))


def _words(text: str) -> list[str]:
    blanked = "".join(" " if is_whitespace(each) else each for each in text)
    return [lower(word) for word in blanked.split(" ") if word]


def _matches(test: TestDefinition, words: list[str], query: Query) -> bool:
    if query.active is not None and is_active(test) is not query.active:
        return False
    return all(_contains(test, word, query.where) for word in words)


def _contains(test: TestDefinition, word: str, where: str) -> bool:
    for text in FILTERS[where](test):
        if text is None:
            raise refuse(
                "json-null",
                Sentence(gettext_noop("the test has no type or no salt; add both")),
                test=test.name or None,
            )
        if word in lower(text):
            return True
    return False


def is_active(test: TestDefinition) -> bool:
    """Return whether a test counts as active.

    It does if at least one of its allocations has no range of length 1.
    """
    return any(all(each.length < 1 for each in one.ranges) for one in test.allocations)
