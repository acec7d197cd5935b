"""The page's "what if" form: the groups of a hypothetical visitor.

No groups are forced for this visitor, and nothing is stored about them. The same form can also give
the user of the page a different identity on the whole site.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.core.evaluation.groups import Reason
from proctor.core.exceptions import ConfigurationError, ConversionError, ProctorError
from proctor.core.inputs.force_groups import ForceGroups
from proctor.core.java.conversion import plain_text
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.sources.source import GroupsRequest, MatrixSource
from proctor.pages.overview import Overview, overview
from proctor.pages.shown_matrix import ShownMatrix, shown_matrix
from proctor.resolving.site_setup import current_variables
from proctor.resolving.source_answer import SourceAnswer
from proctor.visits.bar_cookie import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    import requests

    from proctor.resolving.site_setup import SiteSetup

__all__ = ["Field", "WhatIf"]

#: The prefixes of form fields that contain an identifier or a context variable, as in the
#: parameters of Pipet's API.
IDENTIFIER, CONTEXT = "id.", "ctx."

#: Maximum length of one value, in characters.
MAX_VALUE = 1000


@dataclass(frozen=True, slots=True)
class Field:
    """A form field: one value of the hypothetical visitor."""

    name: str
    key: str
    value: str
    #: The problem with the value; "" if there is none.
    problem: str = ""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The hypothetical visitor, described by source keys."""

    identifiers: Mapping[str, str]
    context: Mapping[str, str]

    @classmethod
    def read(cls, posted: Mapping[str, str]) -> WhatIf:
        """Return the visitor described by the form; empty fields are left out."""
        return cls(_with_prefix(posted, IDENTIFIER), _with_prefix(posted, CONTEXT))

    @classmethod
    def of(cls, asked: GroupsRequest | None, matrix: ShownMatrix) -> WhatIf:
        """Return the visitor who is viewing the page, with a field for each source key."""
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
        """The form's fields."""
        problems = self.problems
        return [
            *(Field(f"{IDENTIFIER}{key}", key, value) for key, value in self.identifiers.items()),
            *(
                Field(f"{CONTEXT}{key}", key, value, problems.get(key, ""))
                for key, value in self.context.items()
            ),
        ]

    @property
    def problems(self) -> dict[str, str]:
        """The problems with invalid values in the context, by source key."""
        try:
            declared = current_variables().context_variables or ()
        except ConfigurationError:
            return {}
        found = {}
        for each in declared:
            value = self.context.get(each.source_key)
            if value:
                try:
                    each.type.convert_typed(value)
                except ConversionError as error:
                    found[each.source_key] = str(error)
        return found

    def differences(self, own: WhatIf) -> Identity:
        """Return only the values that differ from the visitor's *own* identity, by source key.

        If the user cleared a field, its value is removed from the request, or replaced with "" if
        the variable is a string.
        """
        empty = _that_may_be_empty()
        return Identity(
            _differences(self.identifiers, own.identifiers, ()),
            _differences(self.context, own.context, empty),
        )

    def overview(
        self,
        setup: SiteSetup,
        get_http: Callable[[], requests.Session | None] | None = None,
    ) -> Overview:
        """Return the page's content for this visitor.

        *get_http* is the `get_http` of the visitor who opened the page, or None.
        """
        empty = _that_may_be_empty()
        asked = GroupsRequest(
            identifiers={key: value for key, value in self.identifiers.items() if value},
            context={key: value for key, value in self.context.items() if value or key in empty},
            tests=setup.registry.names,
            get_http=get_http,
        )
        matrix = shown_matrix(setup)
        assignments = _source_answer(setup, asked, matrix).assignments(setup)
        return overview(setup, assignments, asked, ForceGroups(), matrix)


def _differences(
    wanted: Mapping[str, str], own: Mapping[str, str], may_be_empty: Collection[str]
) -> dict[str, str | None]:
    return {
        key: value if value or key in may_be_empty else None
        for key, value in wanted.items()
        if key in own and value != own[key].strip()
    }


def _source_answer(setup: SiteSetup, asked: GroupsRequest, matrix: ShownMatrix) -> SourceAnswer:
    source = setup.source
    if source is None or not setup.registry:
        return SourceAnswer(reason=Reason.NO_SOURCE)
    try:
        if isinstance(source, MatrixSource):
            return SourceAnswer(source.determine_groups(asked, proctor=matrix.proctor))
        return SourceAnswer(source.determine_groups(asked))
    except ProctorError:
        return SourceAnswer(reason=Reason.SOURCE_FAILED)


def _that_may_be_empty() -> set[str]:
    """Return the source keys of string variables, for which "" is a valid value."""
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
        except Exception:  # noqa: BLE001 - a value that cannot become text cannot be shown
            found[key] = ""
    return found


def _test_types(matrix: ShownMatrix) -> Iterable[str]:
    """Return the types of identifiers that the tests in the matrix use."""
    if matrix.proctor is None:
        return TEST_TYPES[:2]
    types = {each.test_type for each in matrix.proctor.matrix.tests.values()} - {None, "RANDOM"}
    return sorted(str(each) for each in types)
