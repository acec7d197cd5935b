"""Save an edit of a definition  [EditAndPromoteJob].

`decide_edit` follows Java Proctor's steps in the same order, so that both report the same problem
first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proctor.core.authoring.branches.revisions import UNKNOWN_REVISION, Revision
from proctor.core.authoring.definitions.reading import read_definition
from proctor.core.authoring.edits.edit_rules import edit_problems, edit_warnings, name_problems
from proctor.core.authoring.ids.saved_ids import created_allocations, saved_allocations
from proctor.core.authoring.refusals import Refusal, refuse
from proctor.core.rules.rule import is_blank
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core.authoring.branches.revisions import Branch
    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.matrices.matrix import Allocation

__all__ = ["Edit", "EditRequest", "check_credentials", "decide_edit", "parse_edit", "save_edit"]


@dataclass(frozen=True, slots=True)
class EditRequest:
    """A request to create or change a test, as an editor sends it."""

    test: str
    #: The JSON of the definition.
    text: str | None
    is_create: bool = False
    #: The revision that was edited, or "" if unknown.
    previous_revision: str = ""
    comment: str | None = ""
    username: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit that can be saved."""

    definition: Definition
    #: The message for the revision.
    message: str
    #: Java Proctor's warnings. They do not prevent saving.
    warnings: tuple[str, ...]
    #: True if the test is not yet on trunk.
    is_new: bool


def _ignore(_line: str) -> None:
    """Ignore a log line."""


def check_credentials(username: str, password: str) -> None:
    """Raise Refusal unless both the user and the password are given."""
    if is_blank(username) or is_blank(password):
        raise refuse(
            "credentials",
            Sentence(gettext_noop("the user name or the password is missing; give both")),
            "No username or password provided",
        )


def decide_edit(request: EditRequest, trunk: Branch, log: Callable[[str], None] = _ignore) -> Edit:
    """Return the edit to save on *trunk*. Raises Refusal if Java Proctor rejects it.

    *log* is called with each line of Java Proctor's job log.
    """
    log("Parsing test definition json")
    sent = parse_edit(request.text, request.test)
    log("Finished parsing test definition json")
    check_credentials(request.username, request.password)
    message = _message(request)
    _check_revision(request, trunk, log)
    log(f"(scm) loading existing test definition for '{request.test}'")
    existing = trunk.current(request.test)
    definition = _prepared(sent, existing, request, trunk)
    log("verifying test definition and buckets")
    for problem in edit_problems(definition):
        raise Refusal(problem)
    warnings = edit_warnings(definition)
    for warning in warnings:
        log(warning)
    return Edit(definition, message, tuple(warnings), is_new=existing is None)


def save_edit(
    edit: Edit, request: EditRequest, trunk: Branch, log: Callable[[str], None] = _ignore
) -> Branch:
    """Return *trunk* with the edit as its newest revision.

    Raises Refusal if nothing changed, or if a new test already exists.
    """
    doing = "adding" if edit.is_new else "updating"
    log(f"(scm) {doing} test definition in trunk")
    revision = Revision(
        trunk.next_id(), request.test, edit.definition, request.username, edit.message
    )
    saved = trunk.with_added(revision) if edit.is_new else trunk.with_updated(revision)
    log(f"(scm) Success: {doing} test definition in trunk")
    return saved


def parse_edit(text: str | None, test: str) -> Definition:
    """Read the definition that an editor sent. Blank rules become null.

    Raises Refusal for empty text, for anything that is not a definition, and for unknown fields.
    """
    if text is None or is_blank(text):
        raise refuse(
            "no-definition",
            Sentence(gettext_noop("the definition is missing; write its JSON")),
            "No new test definition given",
            test=test,
        )
    definition = read_definition(text, test, strict=True)
    if definition is None:
        raise refuse(
            "json-null", Sentence(gettext_noop("the definition is null; write {{...}}")), test=test
        )
    for place in sorted(definition.nulls):
        if place.startswith("allocations") and ".ranges" not in place:
            raise refuse(
                "json-null",
                Sentence(gettext_noop("{place} is null; write an allocation"), place=place),
                test=test,
            )
    return _without_blank_rules(definition)


def _without_blank_rules(definition: Definition) -> Definition:
    test = definition.test
    allocations = tuple(
        replace(each, rule=None) if is_blank(each.rule) else each for each in test.allocations
    )
    rule = None if is_blank(test.rule) else test.rule
    return replace(definition, test=replace(test, rule=rule, allocations=allocations))


def _message(request: EditRequest) -> str:
    doing = "Creating" if request.is_create else "Updating"
    message = request.comment or f"{doing} A/B test {request.test}"
    if is_blank(message):
        raise refuse(
            "comment",
            Sentence(gettext_noop("the comment is blank; enter one, or leave it out")),
            "Comment is required.",
        )
    return message


def _check_revision(request: EditRequest, trunk: Branch, log: Callable[[str], None]) -> None:
    """Raise Refusal if the test has changed since it was read, or if a new test's name is taken."""
    test, given = request.test, request.previous_revision
    if given:
        log(f"(scm) getting history for '{test}'")
        history = trunk.history(test)
        if history and history[0].id != given:
            raise refuse(
                "stale",
                Sentence(
                    gettext_noop(
                        "you edited revision {given}, but the test is now at revision {id}; "
                        "review that change, then edit again"
                    ),
                    id=history[0].id,
                    given=given,
                ),
                f"Test has been updated since {given} currently at {history[0].id}",
                test=test,
            )
    else:
        for problem in name_problems(test):
            raise Refusal(problem)
        if trunk.current(test) is not None:
            raise refuse(
                "test-exists",
                Sentence(
                    gettext_noop(
                        "a test with this name already exists; edit it, or choose a different name"
                    )
                ),
                f"Current tests exists with name : '{test}'",
                test=test,
            )
    log(f"(scm) Success: getting history for '{test}'")


def _prepared(
    sent: Definition, existing: Definition | None, request: EditRequest, trunk: Branch
) -> Definition:
    """Return the definition that was sent, with the stored version and type.

    Each of its allocations has an id.
    """
    test = sent.test
    if test.test_type is None and existing is not None:
        test = replace(test, test_type=existing.test.test_type)
    version: str | None = UNKNOWN_REVISION
    allocations: tuple[Allocation, ...] = test.allocations
    if request.is_create:
        allocations = created_allocations(test)
    elif existing is not None:
        version = existing.version
        history = [each.definition for each in trunk.history(request.test)]
        known = [each.test for each in history if each is not None]
        allocations = saved_allocations(existing.test, test, known)
    return replace(sent, test=replace(test, version=version, allocations=allocations))
