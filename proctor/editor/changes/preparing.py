"""Prepare a change: assign ids, keep unknown fields, and find problems.

Nothing is written, so a page can show the result while the user types.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proctor.conf import settings
from proctor.core.authoring.branches.applications import Application
from proctor.core.authoring.definitions.reading import read_definition
from proctor.core.authoring.definitions.sameness import same_definition
from proctor.core.authoring.definitions.unknown_fields import with_unknown_fields
from proctor.core.authoring.definitions.written_form import as_written
from proctor.core.authoring.edits.edit_rules import edit_problems, name_problems
from proctor.core.authoring.edits.editing import parse_edit
from proctor.core.authoring.edits.stricter_rules import Surroundings, stricter_problems
from proctor.core.authoring.ids.allocation_ids import next_id_among
from proctor.core.authoring.ids.saved_ids import careful_allocations, used_ids
from proctor.core.authoring.moves.jumping import jumping_allocations
from proctor.core.authoring.moves.who_moves import moves_between
from proctor.core.authoring.refusals import Refusal
from proctor.core.java.frozen import thaw
from proctor.core.problems import Severity
from proctor.core.sentences import Sentence, gettext_noop
from proctor.editor.changes.family import Relatives, examined
from proctor.editor.errors import Refused, refused
from proctor.editor.publishing.heads import published_ids
from proctor.editor.publishing.heads import used_ids as ids_of_all_branches
from proctor.editor.specifications.verdicts import BREAKS, application_problems, verdicts
from proctor.resolving.site_setup import current_setup, current_variables

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.authoring.moves.who_moves import PairMoves
    from proctor.core.matrices.matrix import TestDefinition
    from proctor.core.problems import Problem
    from proctor.editor.specifications.verdicts import Verdict

__all__ = [
    "Prepared",
    "ids_moved_on",
    "parse_sent",
    "prepare_edit",
    "prepare_exact",
    "prepare_restored",
    "prepare_stopped",
    "prepare_written",
]


#: Fields that exist only in a matrix; in a definition sent to the editor, they count as unknown.
_MATRIX_FIELDS = frozenset(("dynamic", "containsUnitlessAllocation"))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A change that is ready to be published, and its effects."""

    #: The new definition; None to delete the test.
    definition: Definition | None
    #: The test and its relatives, before and after the change, without tests that the engine does
    #: not load.
    before: Mapping[str, TestDefinition]
    after: Mapping[str, TestDefinition]
    problems: tuple[Problem, ...]
    #: For each application of the branch, how the change affects it.
    says: tuple[Verdict, ...] = ()

    @property
    def moves(self) -> dict[str, tuple[PairMoves, ...]]:
        """For this test and each test that depends on it, the visitors who change groups."""
        return moves_between(self.before, self.after)

    @property
    def broken(self) -> tuple[str, ...]:
        """The applications that the change would break."""
        return tuple(each.application.label for each in self.says if each.breaks)

    def checked(self, *, override: bool = False) -> Prepared:
        """Return self. Raises Refused for any problem that is not a warning.

        If *override* is true, the change may break applications.
        """
        if any(_blocks(each) and not (override and each.code == BREAKS) for each in self.problems):
            raise Refused(self.problems)
        return self


def _blocks(problem: Problem) -> bool:
    return problem.severity is not Severity.WARNING


def parse_sent(text: str, test: str, stored: Definition | None) -> Definition:
    """Return the definition that was sent, with the unknown fields of the stored definition.

    A field that is unknown to Proctor and not in the stored definition is an error, because the
    field would be lost. Raises Refused.
    """
    try:
        try:
            sent = parse_edit(text, test)
        except Refusal as refusal:
            if refusal.code != "json-unknown-field" or stored is None:
                raise
            sent = _with_known_extras(text, test, stored, refusal)
    except Refusal as refusal:
        raise Refused([refusal.problem]) from refusal
    return sent if stored is None else with_unknown_fields(sent, stored)


def _with_known_extras(text: str, test: str, stored: Definition, refusal: Refusal) -> Definition:
    """Return the definition that was sent.

    Raises *refusal* if it has unknown fields that *stored* does not have.
    """
    sent = read_definition(text, test)
    if sent is None or not _extras(sent) <= _extras(stored):
        raise refusal
    return sent


def _extras(definition: Definition) -> set[tuple[str, str]]:
    """Return the unknown fields of a definition, each with the kind of object that contains it."""
    test = definition.test
    parts = [("test", test.extra), *(("bucket", each.extra) for each in test.buckets)]
    parts += [("payload", each.payload.extra) for each in test.buckets if each.payload is not None]
    parts += [("allocation", each.extra) for each in test.allocations]
    parts += [("range", part.extra) for each in test.allocations for part in each.ranges]
    parts += [
        ("part", each.extra)
        for each in (test.depends_on, test.payload_experiment_config)
        if each is not None
    ]
    found = {(kind, name) for kind, extra in parts for name in thaw(extra)}
    if test.given is not None:
        found |= {
            ("test", name)
            for name in ("dynamic", "containsUnitlessAllocation")
            if name in test.given
        }
    return found


def prepare_edit(
    branch: str,
    test: str,
    definition: Definition,
    previous: Definition | None,
    earlier: Sequence[Definition] = (),
    *,
    proposal: int | None = None,
) -> Prepared:
    """Return the result of an edit or a creation, with every problem found in *definition*.

    *earlier* contains the definitions that a schedule publishes before this one; the last of them
    is *previous*. *proposal* is the number of the proposal in which the result will be stored, if
    any; the allocation ids of that proposal can be used again. *proposal* has the same meaning in
    the functions below.
    """
    problems = [] if previous is not None else list(name_problems(test))
    relatives = _relatives(branch, test, definition, earlier)
    try:
        written = as_written(_numbered(relatives, definition, previous, proposal, earlier))
        is_same = previous is not None and _is_same(written, as_written(previous))
    except Refusal as refusal:
        return Prepared(definition, {}, {}, (*problems, refusal.problem))
    problems += edit_problems(written)
    if is_same:
        problems += refused(
            test, "unchanged", Sentence(gettext_noop("nothing was changed"))
        ).problems
    if not problems:
        problems += _stricter(written, previous, _surroundings(relatives, previous))
    return _prepared(relatives, written, problems)


def prepare_written(
    branch: str,
    test: str,
    definition: Definition,
    previous: Definition,
    earlier: Sequence[Definition] = (),
    *,
    proposal: int | None = None,
) -> Prepared:
    """Return the result of a ramp or a finish, with its problems.

    Raises Refused if the definition cannot be written, or if an id cannot be incremented.

    *earlier* has the same meaning as for `prepare_edit`.
    """
    relatives = _relatives(branch, test, definition, earlier)
    try:
        written = as_written(_numbered(relatives, definition, previous, proposal, earlier))
    except Refusal as refusal:
        raise Refused([refusal.problem]) from refusal
    return _prepared(relatives, written, [])


def prepare_stopped(
    branch: str, test: str, definition: Definition, previous: Definition
) -> Prepared:
    """Return the result of stopping a test.

    A stop must not fail, so if an allocation id cannot be incremented, all ids stay the same.
    """
    try:
        return prepare_written(branch, test, definition, previous)
    except Refused:
        return prepare_exact(branch, test, definition)


def prepare_restored(
    branch: str, test: str, definition: Definition | None, *, proposal: int | None = None
) -> Prepared:
    """Return the result of a promotion, a rollback, a revert or a deletion.

    Ids stay the same, with one exception: if visitors jump from one live group to another, an id
    that has already been used on the branch is incremented. (An id that is new on the branch
    already distinguishes the two splits.)
    """
    relatives = Relatives.read(test, branch, definition)
    if definition is None:
        return _prepared(relatives, None, [])
    jumping = _jumping(relatives, definition)
    return _prepared(
        relatives, ids_moved_on(branch, test, definition, jumping, proposal=proposal), []
    )


def ids_moved_on(
    branch: str,
    test: str,
    definition: Definition,
    jumping: Collection[int],
    *,
    proposal: int | None = None,
) -> Definition:
    """Return a restored definition. Allocations whose ids named a different split get new ids.

    *jumping* contains the indexes of the allocations to which visitors jump. The id of such an
    allocation is incremented if it has already been used on the branch.
    """
    known = published_ids(test, branch) if jumping else set()
    outdated = {i for i in jumping if definition.test.allocations[i].id in known}
    if not outdated:
        return definition
    used = used_ids(ids_of_all_branches(test, proposal=proposal))
    allocations = tuple(
        replace(each, id=next_id_among(each.id, used)) if index in outdated else each
        for index, each in enumerate(definition.test.allocations)
    )
    return replace(definition, test=replace(definition.test, allocations=allocations))


def prepare_exact(branch: str, test: str, definition: Definition | None) -> Prepared:
    """Return the result of publishing exactly this definition, including its ids.

    Use it for definitions that people have approved.
    """
    return _prepared(Relatives.read(test, branch, definition), definition, [])


def _relatives(
    branch: str, test: str, definition: Definition, earlier: Sequence[Definition]
) -> Relatives:
    relatives = Relatives.read(test, branch, definition)
    return relatives.with_test(earlier[-1]) if earlier else relatives


def _numbered(
    relatives: Relatives,
    definition: Definition,
    previous: Definition | None,
    proposal: int | None,
    earlier: Sequence[Definition] = (),
) -> Definition:
    """Return the definition with new allocation ids, so that no id names two different splits."""
    allocations = careful_allocations(
        None if previous is None else previous.test,
        definition.test,
        [
            *ids_of_all_branches(relatives.test, proposal=proposal),
            *(each.test for each in earlier),
        ],
        () if previous is None else _jumping(relatives, definition),
    )
    return replace(definition, test=replace(definition.test, allocations=allocations))


def _jumping(relatives: Relatives, definition: Definition) -> set[int]:
    """Return the allocations in which visitors would jump from one live group to another."""
    try:
        after = relatives.after(definition)
    except Refusal:
        return set()  # the change cannot be published anyway; its problems say why
    loaded = examined(after, relatives.applications).loaded
    return jumping_allocations(moves_between(relatives.loaded, loaded).get(relatives.test, ()))


def _is_same(one: Definition, other: Definition) -> bool:
    """Return whether two definitions are equal except for the version, which is assigned later."""
    return same_definition(one.with_version(None), other.with_version(None))


def _surroundings(relatives: Relatives, previous: Definition | None) -> Surroundings:
    known = relatives.applications
    # A test that only other applications use can read variables that this site does not
    # declare.
    is_own = relatives.test in current_setup().registry or not known.registered
    return Surroundings(
        previous=previous,
        tests={name: each for name, each in relatives.before.items() if name != relatives.test},
        applications=tuple(
            Application(each.name, each.version, (each.specification,))
            for each in known.on(relatives.branch)
        ),
        context_types=current_variables().context_types if is_own else None,
        test_types=tuple(settings.PROCTOR_TEST_TYPES),
    )


#: Codes of problems that concern applications. The previous definition can have these problems too.
_OF_APPLICATIONS = ("rule-context", "declared-payload", "declared-payload-missing")


def _stricter(
    written: Definition, previous: Definition | None, around: Surroundings
) -> list[Problem]:
    """Return the problems found by the rules that are stricter than Java Proctor's.

    A problem that concerns an application is only a warning if the previous definition has the same
    problem.
    """
    found = stricter_problems(written, around)
    if previous is None or not any(each.code in _OF_APPLICATIONS for each in found):
        return found
    older = {
        (each.code, each.message, each.allocation)
        for each in stricter_problems(as_written(previous), around)
        if each.code in _OF_APPLICATIONS
    }
    return [
        replace(each, severity=Severity.WARNING)
        if (each.code, each.message, each.allocation) in older
        else each
        for each in found
    ]


def _prepared(
    relatives: Relatives, definition: Definition | None, problems: list[Problem]
) -> Prepared:
    try:
        after = relatives.after(definition)
    except Refusal as refusal:
        known = any(each.code == refusal.code for each in problems)
        return Prepared(
            definition, {}, {}, tuple(problems if known else [*problems, refusal.problem])
        )
    examination = examined(after, relatives.applications)
    if not any(map(_blocks, problems)):
        problems = [*problems, *relatives.dropping_problems(examination)]
    here = relatives.applications.on(relatives.branch)
    says = verdicts(here, relatives.before, after, [relatives.test])
    if not any(map(_blocks, problems)):
        problems = [*problems, *application_problems(says, relatives.test)]
    return Prepared(definition, relatives.loaded, examination.loaded, tuple(problems), tuple(says))
