"""A definition: one test in the editor's format, as it is stored in definition.json."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.refusals import refuse
from proctor.core.java.frozen import FrozenDict, thaw
from proctor.core.matrices.definitions import consumable_test
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["SPECIAL_FIELD", "Definition"]

SPECIAL_FIELD = "specialConstants"


@dataclass(frozen=True, slots=True)
class Definition:
    """A test in the editor's format: rules with or without `${}`, and special constants."""

    #: The fields that also exist in a matrix. Rules are stored as the editor wrote them.
    test: TestDefinition
    special_constants: Mapping[str, Any] = field(default_factory=FrozenDict)
    #: Where the JSON contains nulls that Java Proctor reads but fails on later, such as `buckets`
    #: or `allocations[1].ranges`. In `test`, null lists are replaced with empty lists, and null
    #: items are left out.
    nulls: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The test's name."""
        return self.test.name

    @property
    def version(self) -> str | None:
        """The trunk revision that the content was promoted from; "-1" or None on trunk itself."""
        return self.test.version

    def with_version(self, version: str | None) -> Definition:
        """Return the same definition with a new `version`."""
        return replace(self, test=replace(self.test, version=version))

    def consumable(self) -> TestDefinition:
        """Return the test in a matrix's format (Java: ConsumableTestDefinition.fromTestDefinition).

        Raises Refusal if Java Proctor cannot convert the test.
        """
        self._check_convertible()
        return consumable_test(self.test, self.special_constants)

    def _check_convertible(self) -> None:
        for name in ("constants", SPECIAL_FIELD, "allocations", "buckets"):
            if name in self.nulls:
                raise refuse(
                    "json-null",
                    Sentence(gettext_noop("{name} is null; make it empty instead"), name=name),
                    test=self.name or None,
                )
        countries = self.special_constants.get("__COUNTRIES")
        if countries is not None and not isinstance(countries, tuple):
            raise refuse(
                "countries",
                Sentence(
                    gettext_noop('{field}.__COUNTRIES: expected a list such as ["US", ...]'),
                    field=SPECIAL_FIELD,
                ),
                test=self.name or None,
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the definition as JSON, including every unknown field.

        Reading the result returns an equal definition, unless there are `nulls`: null lists become
        empty lists, and null items are left out.
        """
        document = self.test.to_dict()
        special: dict[str, Any] = thaw(self.special_constants)
        given = self.test.given
        if special or given is None or SPECIAL_FIELD in given:
            document[SPECIAL_FIELD] = special
        if given is None or "dynamic" not in given:
            document.pop("dynamic", None)
        if given is None or "containsUnitlessAllocation" not in given:
            document.pop("containsUnitlessAllocation", None)
        return document
