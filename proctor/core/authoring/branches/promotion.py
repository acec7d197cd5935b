"""Promotion: copying a definition from one branch to the next  [ProctorPromoter].

Nothing is merged: the definition of one test becomes a new revision on the destination branch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.core.authoring.branches.revisions import UNKNOWN_REVISION, Branch, Revision
from proctor.core.authoring.refusals import Refusal, refuse
from proctor.core.rules.rule import is_blank
from proctor.core.sentences import Sentence, gettext_noop, sentence_of

if TYPE_CHECKING:
    from proctor.core.authoring.definitions.definition import Definition

__all__ = [
    "PROMOTIONS",
    "EffectiveVersion",
    "Promotion",
    "check_pair",
    "effective_version",
    "promote",
    "promotion_message",
]

TRUNK, QA, PRODUCTION = "trunk", "qa", "production"
#: The allowed pairs of source and destination.
PROMOTIONS = ((TRUNK, QA), (TRUNK, PRODUCTION), (QA, PRODUCTION))

#: Matches text that Java Proctor's Subversion migration tool added to commit messages.
_IMPORTED = re.compile(r"^git-svn-id: .*trunk@(\d+) ", re.MULTILINE | re.ASCII)
_MERGED = re.compile(r"^merged r(\d+):", re.MULTILINE | re.ASCII)


@dataclass(frozen=True, slots=True)
class EffectiveVersion:
    """The last revision of a test on a branch, and the trunk revision it was promoted from."""

    revision: str = UNKNOWN_REVISION
    version: str = UNKNOWN_REVISION


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion: the test, its revision, and the branches."""

    test: str
    source: str
    revision: str
    destination: str
    #: The revision at the destination that the user saw, or "" if none was given.
    destination_revision: str = ""


def effective_version(branch: Branch, test: str) -> EffectiveVersion:
    """Return a test's last revision and its version on a branch [EnvironmentVersion].

    A revision or version that does not exist is "-1".
    """
    history = branch.history(test)
    if not history:
        return EffectiveVersion()
    last = history[0]
    if branch.name == TRUNK:
        return EffectiveVersion(last.id, _imported_number(last))
    if last.definition is None:
        return EffectiveVersion(last.id)
    merged = _MERGED.search(last.message)
    version = merged[1] if merged is not None else last.definition.version
    return EffectiveVersion(last.id, UNKNOWN_REVISION if version is None else version)


def _imported_number(revision: Revision) -> str:
    imported = _IMPORTED.search(revision.message)
    return revision.id if imported is None else imported[1]


def check_pair(source: str, destination: str) -> None:
    """Raise Refusal unless definitions can be promoted from *source* to *destination*."""
    if (source, destination) not in PROMOTIONS:
        raise refuse(
            "promotion-pair",
            Sentence(
                gettext_noop(
                    "a test cannot be promoted from {source} to {destination}; promote from trunk "
                    "to qa, trunk to production or qa to production"
                ),
                source=source,
                destination=destination,
            ),
            f"Invalid combination of source and destination: source={source} dest={destination}",
        )


def promotion_message(test: str, source: str, revision: Revision, destination: str) -> str:
    """Return the message for the revision that is created by promoting *revision*."""
    message = f"Promoting {test} ({source} r{_imported_number(revision)}) to {destination}"
    if is_blank(revision.message):
        return message
    followed = re.sub(r"\+(?=review)", "_", revision.message)
    return f"{message}\n\n{followed}"


def promote(promotion: Promotion, source: Branch, destination: Branch, author: str) -> Branch:
    """Return *destination* with the promoted definition. Raises Refusal if it cannot be promoted.

    A definition from trunk gets the trunk revision as its version; one from qa keeps its version.
    """
    test = promotion.test
    try:
        history = source.history_from(test, promotion.revision)
        definition = _promoted(history, source)
        existing = effective_version(destination, test)
        _check_destination(promotion, destination, existing)
    except Refusal as refusal:
        if refusal.code == "destination-exists":
            raise
        raise wrapped(refusal) from refusal
    message = promotion_message(test, source.name, history[0], destination.name)
    revision = Revision(destination.next_id(), test, definition, author, message)
    if existing.version == UNKNOWN_REVISION:
        return destination.with_added(revision)
    return destination.with_updated(revision)


def _promoted(history: list[Revision], source: Branch) -> Definition:
    definition = history[0].definition if history else None
    if definition is None:
        raise refuse(
            "json-null",
            Sentence(
                gettext_noop("{branch} does not have the test; promote a test that exists there"),
                branch=source.name,
            ),
        )
    if source.name != TRUNK:
        return definition
    return definition.with_version(_imported_number(history[0]))


def _check_destination(
    promotion: Promotion, destination: Branch, existing: EffectiveVersion
) -> None:
    if existing.version == UNKNOWN_REVISION:
        return
    given, test = promotion.destination_revision, promotion.test
    if not given:
        raise refuse(
            "destination-exists",
            Sentence(
                gettext_noop(
                    "the test already exists on {branch}; to confirm that you have seen it, give "
                    "its current revision on {branch}"
                ),
                branch=destination.name,
            ),
            f"Non-Positive revision r{given} given for destination ( {destination.name} ) but "
            f"'{test}' exists.",
            test=test,
        )
    if given != existing.revision:
        raise refuse(
            "stale",
            Sentence(
                gettext_noop(
                    "the test was changed on {branch} after revision {given}; review revision "
                    "{current}, then promote the test again"
                ),
                branch=destination.name,
                given=given,
                current=existing.revision,
            ),
            f"Test '{test}' updated since {given}. Currently at {existing.revision}",
            test=test,
        )


#: Maps an exception to its Java package, which Java Proctor's messages include. All other
#: exceptions are in java.lang.
_PACKAGES = {"StoreException": "com.indeed.proctor.store"}


def wrapped(refusal: Refusal) -> Refusal:
    """Return *refusal* wrapped in a RuntimeException, as Java Proctor reports it."""
    name = f"{_PACKAGES.get(refusal.java_class, 'java.lang')}.{refusal.java_class}"
    said = refusal.java_message
    return refuse("wrapped", sentence_of(refusal), None if said is None else f"{name}: {said}")
