"""The page's question "what if": a visitor whom somebody made up.

Nothing is forced for him, and nothing of him is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.configuration import current_variables
from proctor.core.conversion import plain_text
from proctor.core.exceptions import ConfigurationError, ProctorError
from proctor.core.forcing import ForceGroups
from proctor.core.groups import Reason
from proctor.core.sources import GroupsRequest, MatrixSource
from proctor.core.variables import TEST_TYPES
from proctor.pages.overview import Overview, overview
from proctor.pages.shown_matrix import ShownMatrix, shown_matrix
from proctor.resolution import Resolution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import requests

    from proctor.configuration import Configuration

__all__ = ["Field", "WhatIf"]

#: What stands before a source key in the names of the form's fields, as in Pipet's.
IDENTIFIER, CONTEXT = "id.", "ctx."

#: Characters of one value.
MAX_VALUE = 1000


@dataclass(frozen=True, slots=True)
class Field:
    """One value of the made-up visitor."""

    name: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The made-up visitor, by source keys."""

    identifiers: Mapping[str, str]
    context: Mapping[str, str]

    @classmethod
    def read(cls, posted: Mapping[str, str]) -> WhatIf:
        """The visitor of the form; a field that is empty is left out."""
        return cls(_with_prefix(posted, IDENTIFIER), _with_prefix(posted, CONTEXT))

    @classmethod
    def of(cls, asked: GroupsRequest | None, matrix: ShownMatrix) -> WhatIf:
        """The visitor who looks at the page, with a field for each value that there may be."""
        identifiers, context = {}, {}
        if asked is not None:
            identifiers, context = _texts(asked.identifiers), _texts(asked.context)
        try:
            variables = current_variables()
        except ConfigurationError:
            return cls(identifiers, context)
        keys = [each.source_key for each in variables.identifier_variables]
        if variables.self_named:
            known = {each.test_type for each in variables.identifier_variables}
            keys += [each for each in _test_types(matrix) if each not in known]
        names = [each.source_key for each in variables.context_variables or ()]
        return cls(
            {**dict.fromkeys(keys, ""), **identifiers}, {**dict.fromkeys(names, ""), **context}
        )

    @property
    def fields(self) -> list[Field]:
        """Those of the form."""
        return [
            *(Field(f"{IDENTIFIER}{key}", key, value) for key, value in self.identifiers.items()),
            *(Field(f"{CONTEXT}{key}", key, value) for key, value in self.context.items()),
        ]

    def overview(
        self,
        configuration: Configuration,
        get_http: Callable[[], requests.Session | None] | None = None,
    ) -> Overview:
        """What the page shows of him; *get_http* as for the visitor of the page."""
        empty = _that_may_be_empty()
        asked = GroupsRequest(
            identifiers={key: value for key, value in self.identifiers.items() if value},
            context={key: value for key, value in self.context.items() if value or key in empty},
            tests=configuration.registry.names,
            get_http=get_http,
        )
        matrix = shown_matrix(configuration)
        assignments = _resolution(configuration, asked, matrix).assignments(configuration)
        return overview(configuration, assignments, asked, ForceGroups(), matrix)


def _resolution(
    configuration: Configuration, asked: GroupsRequest, matrix: ShownMatrix
) -> Resolution:
    source = configuration.source
    if source is None or not configuration.registry:
        return Resolution(reason=Reason.NO_SOURCE)
    try:
        if isinstance(source, MatrixSource):
            return Resolution(source.determine_groups(asked, proctor=matrix.proctor))
        return Resolution(source.determine_groups(asked))
    except ProctorError:
        return Resolution(reason=Reason.SOURCE_FAILED)


def _that_may_be_empty() -> set[str]:
    """Source keys of texts, for which "" is a value."""
    try:
        declared = current_variables().context_variables or ()
    except ConfigurationError:
        return set()
    return {each.source_key for each in declared if each.type.java_class == "java.lang.String"}


def _with_prefix(posted: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): posted[name].strip()[:MAX_VALUE]
        for name in posted
        if name.startswith(prefix)
    }


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    found = {}
    for key, value in values.items():
        try:
            found[key] = "" if value is None else plain_text(value)[:MAX_VALUE]
        except Exception:  # noqa: BLE001 - what has no text cannot be shown
            found[key] = ""
    return found


def _test_types(matrix: ShownMatrix) -> Iterable[str]:
    """The types of identifiers that the matrix asks for."""
    if matrix.proctor is None:
        return TEST_TYPES[:2]
    types = {each.test_type for each in matrix.proctor.matrix.tests.values()} - {None, "RANDOM"}
    return sorted(str(each) for each in types)
