"""Filters that select tests for an application without naming them [dynamic filters]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.refusals import refuse
from proctor.core.exceptions import RuleError
from proctor.core.messages import nearest, shown
from proctor.core.rules.regex import compile_regex, full_match
from proctor.core.sentences import Sentence, gettext_noop, sentence_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["FILTER_FIELDS", "DynamicFilter", "dynamic_flag", "matches_any", "read_filter"]

#: For each kind of filter, the name of its only field.
FILTER_FIELDS: dict[str, str | None] = {
    "match_all": None,
    "meta_tags_filter": "meta_tags",
    "name_pattern": "regex",
    "name_prefix": "prefix",
    "namespaces_filter": "namespaces",
}


@dataclass(frozen=True, slots=True)
class DynamicFilter:
    """A filter in a specification."""

    #: `match_all`, `meta_tags_filter`, `name_pattern`, `name_prefix` or `namespaces_filter`.
    kind: str
    #: The prefix or pattern that a test's name must match.
    text: str = ""
    #: Meta tags or namespaces, of which a test must have at least one.
    words: frozenset[str] = frozenset()

    def matches(self, test: TestDefinition) -> bool:
        """Return whether the filter selects *test*."""
        if self.kind == "match_all":
            return True
        if self.kind == "name_prefix":
            return test.name.startswith(self.text)
        if self.kind == "name_pattern":
            return _matches(self.text, test.name)
        if self.kind == "meta_tags_filter":
            return not self.words.isdisjoint(test.meta_tags)
        experiment = test.payload_experiment_config
        return experiment is not None and not self.words.isdisjoint(experiment.namespaces)

    def to_dict(self) -> dict[str, Any]:
        """Return the filter as JSON."""
        field = FILTER_FIELDS[self.kind]
        if field is None:
            return {"type": self.kind}
        return {"type": self.kind, field: sorted(self.words) if self.words else self.text}


def _matches(pattern: str, name: str) -> bool:
    try:
        return full_match(pattern, name)
    except RuleError:  # the name is too long to be matched with a pattern
        return False


def matches_any(filters: Iterable[DynamicFilter], test: TestDefinition) -> bool:
    """Return whether any of the *filters* selects *test*."""
    return any(each.matches(test) for each in filters)


def dynamic_flag(filters: Sequence[DynamicFilter], test: TestDefinition) -> bool:
    """Return a test's `dynamic` flag after the filters have been applied.

    The filters are tried in order until one matches. The last filter that was tried sets the flag,
    except that `match_all` leaves the flag unchanged.
    """
    flag = test.dynamic
    for each in filters:
        matched = each.matches(test)
        if each.kind != "match_all":
            flag = matched
        if matched:
            break
    return flag


def read_filter(value: Any, *, strict: bool = False) -> DynamicFilter:
    """Read a filter from its JSON. Raises Refusal if it is invalid."""
    if not isinstance(value, Mapping):
        raise refuse(
            "json-kind",
            Sentence(
                gettext_noop("dynamicFilters: expected a JSON object, got {value}"),
                value=shown(value),
            ),
        )
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in FILTER_FIELDS:
        raise refuse(
            "specification-filter-type",
            Sentence(
                gettext_noop("dynamicFilters: unknown type {kind}: {known}"),
                kind=shown(kind),
                known=nearest(kind, FILTER_FIELDS),
            ),
        )
    field = FILTER_FIELDS[kind]
    known = {"type", field}
    unknown = [each for each in value if each not in known]
    if strict and unknown:
        raise refuse(
            "json-unknown-field",
            Sentence(
                gettext_noop("dynamicFilters, {kind}: unknown field {unknown}"),
                kind=kind,
                unknown=shown(unknown[0]),
            ),
        )
    if field is None:
        return DynamicFilter(kind)
    if kind in ("name_prefix", "name_pattern"):
        return DynamicFilter(kind, text=_text(kind, field, value.get(field)))
    return DynamicFilter(kind, words=_words(kind, field, value.get(field)))


def _text(kind: str, field: str, value: Any) -> str:
    if not isinstance(value, str) or (kind == "name_prefix" and not value):
        raise refuse(
            "specification-filter",
            Sentence(
                gettext_noop("dynamicFilters, {kind}: expected a string in {field}, got {value}"),
                kind=kind,
                field=field,
                value=shown(value),
            ),
        )
    if kind == "name_pattern":
        try:
            compile_regex(value)
        except RuleError as error:
            raise refuse(
                "specification-filter",
                Sentence(
                    gettext_noop("dynamicFilters, {kind}: bad pattern: {error}"),
                    kind=kind,
                    error=sentence_of(error),
                ),
            ) from error
    return value


def _words(kind: str, field: str, value: Any) -> frozenset[str]:
    if not isinstance(value, (list, tuple)) or not value or not all(map(_is_text, value)):
        raise refuse(
            "specification-filter",
            Sentence(
                gettext_noop(
                    "dynamicFilters, {kind}: expected a list of strings in {field}, got {value}"
                ),
                kind=kind,
                field=field,
                value=shown(value),
            ),
        )
    return frozenset(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
