"""The content of the Edit page's side panel: problems, moves, ids, and the example visitor."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from proctor.conf import settings
from proctor.core.evaluation.engine import Proctor
from proctor.core.exceptions import ProctorError
from proctor.core.matrices.matrix import Audit, Matrix
from proctor.core.problems import Severity
from proctor.editor.changes import services
from proctor.editor.errors import Refused
from proctor.editor.pages.effects import Effect, effect_of
from proctor.editor.pages.translating import translated, words_of
from proctor.editor.specifications.known import read_applications
from proctor.resolving.site_setup import current_variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proctor.core.matrices.matrix import TestDefinition
    from proctor.core.problems import Problem
    from proctor.editor.access.permissions import Actor
    from proctor.editor.changes.preparing import Prepared

__all__ = ["Check", "FieldProblem", "Tried", "check_document", "field_problems", "of_fields"]

#: Maps the code of each problem to the field where the problem is shown.
_FIELDS = {
    "description-required": "description",
    "salt-required": "salt",
    "salt-changed": "salt",
    "test-type-required": "test_type",
    "test-type-changed": "test_type",
    "test-type": "test_type",
    "unknown-test-type": "test_type",
    "meta-tag": "tags",
    "test-name": "test",
    "test-name-length": "test",
    "test-exists": "test",
    "unknown-test": "depends_on",
    "unknown-bucket": "depends_on",
    "in-use": "buckets",
    "bucket-name": "buckets",
    "buckets-required": "buckets",
    "allocations-required": "allocations",
    "no-allocations": "allocations",
    "countries": "special",
    "priority": "priority",
    "namespaces": "namespaces",
}


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A problem and the form field where it is shown."""

    #: The name of the field, or "" if the problem does not belong to a field.
    field: str
    message: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """The group that an example visitor gets."""

    group: str
    why: str
    details: str


@dataclass(slots=True)
class Check:
    """The effects of publishing the form's definition."""

    problems: list[FieldProblem] = field(default_factory=list)
    effect: Effect | None = None
    #: True if the definition is unchanged.
    is_unchanged: bool = False
    #: The ids that the allocations would get.
    ids: list[str] = field(default_factory=list)
    tried: Tried | None = None
    #: The variables that rules may use, each with the value that the user typed for the example
    #: visitor.
    variables: list[tuple[str, str]] = field(default_factory=list)
    test_type: str = ""
    identifier: str = ""

    @property
    def blocks(self) -> list[FieldProblem]:
        """The problems that prevent publication."""
        return [each for each in self.problems if not each.is_warning]

    @property
    def warnings(self) -> list[FieldProblem]:
        """The problems that do not prevent publication."""
        return [each for each in self.problems if each.is_warning]


def of_fields(problems: Mapping[str, str]) -> list[FieldProblem]:
    """Return the problems for form fields that could not be read."""
    return [FieldProblem(place, message) for place, message in problems.items()]


def field_problems(problems: Iterable[Problem]) -> list[FieldProblem]:
    """Return the problems of a definition, each with the form field where it is shown."""
    return [
        FieldProblem(_field(each), _words(each), each.severity is Severity.WARNING)
        for each in problems
    ]


def _field(problem: Problem) -> str:
    if problem.allocation is not None:
        return f"allocation-{problem.allocation}"
    if problem.rule is not None:
        return "rule"
    if problem.code in _FIELDS:
        return _FIELDS[problem.code]
    if "bucket" in problem.code or "payload" in problem.code:
        return "buckets"
    return ""


def _words(problem: Problem) -> str:
    text = translated(problem.message)
    # Search the English message: a translation may not contain the word "column".
    if problem.column is not None and "column" not in problem.message:
        text = _("%(text)s (column %(column)s)") % {"text": text, "column": problem.column}
    return text[:1].upper() + text[1:]


def check_document(
    actor: Actor,
    branch: str,
    test: str,
    document: dict[str, Any],
    asked: Mapping[str, str],
    *,
    proposal: int | None = None,
) -> Check:
    """Return the effects of publishing *document*, and the group of an example visitor.

    *asked* contains the form fields that describe the example visitor.
    """
    check = Check(test_type=str(document.get("testType") or ""), identifier=asked.get("try-id", ""))
    types = read_applications().variables
    check.variables = [(name, asked.get(f"try-{name}", "")) for name in types]
    try:
        prepared = services.check(actor, branch, test, json.dumps(document), proposal=proposal)
    except Refused as refused:
        check.problems = field_problems(refused.problems)
        return check
    check.is_unchanged = any(each.code == "unchanged" for each in prepared.problems)
    check.problems = field_problems(each for each in prepared.problems if each.code != "unchanged")
    if not check.blocks:
        _look(check, test, prepared)
    return check


def _look(check: Check, test: str, prepared: Prepared) -> None:
    if not check.is_unchanged:
        check.effect = effect_of(test, prepared.before, prepared.after)
    if prepared.definition is not None:
        check.ids = [each.id for each in prepared.definition.test.allocations]
    if check.identifier.strip():
        check.tried = _try(check, test, prepared.after)


def _try(check: Check, test: str, tests: Mapping[str, TestDefinition]) -> Tried:
    given = {name: value for name, value in check.variables if value}
    try:
        variables = current_variables()
        keys = {each.name: each.source_key for each in variables.context_variables or ()}
        context = variables.context({keys.get(name, name): each for name, each in given.items()})
        # Add the variables that this site does not declare, but other applications do.
        context.update((name, each) for name, each in given.items() if name not in keys)
        proctor = Proctor(
            Matrix(Audit(), tests),
            read_applications().context_types,
            tuple(settings.PROCTOR_TEST_TYPES),
        )
        types = {each.test_type for each in tests.values() if each.test_type}
        identifiers = dict.fromkeys(types - {"RANDOM"}, check.identifier.strip())
        found = proctor.explain(test, identifiers=identifiers, context=context, random_enabled=True)
    except ProctorError as error:
        return Tried(_("cannot be tried"), words_of(error), "")
    group = found.assignment.group if found.assignment is not None else None
    return Tried(group or _("no group"), translated(found.summary), translated(str(found)))
