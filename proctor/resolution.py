"""From a visitor to one assignment for each declared test: answers, else the defaults."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from proctor.conf import settings
from proctor.core.exceptions import (
    ConversionError,
    IdentifierError,
    MatrixNotReady,
    SourceError,
    UndefinedName,
)
from proctor.core.groups import GroupAssignment, Groups, Reason
from proctor.once import described
from proctor.signals import source_failed

if TYPE_CHECKING:
    from django.http import HttpRequest

    from proctor.configuration import Configuration
    from proctor.core.declarations import ProctorTest
    from proctor.core.exceptions import RuleError
    from proctor.core.sources import GroupsRequest
    from proctor.once import OnceLog

__all__ = ["Resolution", "ask"]

logger = logging.getLogger(__name__)

_NO_GROUPS = Groups({})


class Resolution:
    """What a source answered to one request, and why there is no more, if so."""

    __slots__ = ("groups", "reason")

    #: The answer; empty where there was none.
    groups: Groups
    #: Why a test that is not among the groups has its default.
    reason: Reason

    def __init__(self, groups: Groups = _NO_GROUPS, reason: Reason = Reason.NO_GROUP) -> None:
        self.groups = groups
        self.reason = reason

    def assignments(self, configuration: Configuration) -> dict[str, GroupAssignment]:
        """The assignment of every declared test."""
        found = configuration.defaults(self.reason)
        answers = self.groups.to_dict()
        declared = len(found)
        found.update(answers)
        if len(found) > declared:
            # A source may say more than it was asked.
            for name in answers.keys() - configuration.registry.keys():
                del found[name]
        for test, fitting in configuration.particular:
            assignment = answers.get(test.name)
            if assignment is None or id(assignment) in fitting:
                continue
            if test.knows(assignment.group) and test.accepts_payload(assignment):
                # By identity: to compare assignments would take longer than to look again.
                # What is remembered stays alive, so that its id is no other's.
                if len(fitting) >= configuration.FITTING:
                    fitting.clear()
                fitting[id(assignment)] = assignment
            else:
                found[test.name] = _unfit(test, assignment, configuration.log)
        return found


def ask(
    configuration: Configuration, asked: GroupsRequest, request: HttpRequest | None
) -> Resolution:
    """What the source says. A failure is told to `source_failed`, and gives the defaults."""
    source, log = configuration.source, configuration.log
    if source is None:
        return Resolution(reason=Reason.NO_SOURCE)
    began = time.perf_counter()
    try:
        groups = source.determine_groups(asked)
    except SourceError as error:
        elapsed = time.perf_counter() - began
        log.log(logger, logging.WARNING, "No groups from %s: %s", type(source).__name__, error)
        source_failed.notify(type(source), error=error, request=request, elapsed=elapsed)
        not_ready = isinstance(error, MatrixNotReady)
        return Resolution(reason=Reason.NOT_READY if not_ready else Reason.SOURCE_FAILED)
    except Exception as error:
        # An identifier that is none, or a mistake in a source of the site's own.
        if settings.DEBUG:
            raise
        log.log(
            logger,
            logging.ERROR,
            "%s failed, and so every test has its default: %s",
            type(source).__name__,
            described(error),
        )
        of_hooks = isinstance(error, (ConversionError, IdentifierError))
        return Resolution(reason=Reason.HOOK_FAILED if of_hooks else Reason.SOURCE_FAILED)
    for test, failure in groups.errors.items():
        # Its text may show a value of the visitor's, and would be another for each of them.
        log.log(
            logger,
            logging.WARNING,
            "A rule of the test %s failed with %s; the source's explain() shows how",
            test,
            _kind(failure),
        )
    for variable in groups.variable_errors:
        log.log(
            logger,
            logging.WARNING,
            "The context variable %s has a value that does not fit its type; rules do without it",
            variable,
        )
    return Resolution(groups)


def _kind(failure: RuleError) -> str:
    if isinstance(failure, UndefinedName) and failure.variable is not None:
        return f"{type(failure).__name__} of {failure.variable}"
    return type(failure).__name__


def _unfit(test: ProctorTest, assignment: GroupAssignment, log: OnceLog) -> GroupAssignment:
    """An answer that is not what was declared: the default, or the group without payload."""
    if not test.knows(assignment.group):
        log.log(
            logger,
            logging.WARNING,
            "The test %s gave the group %s, which PROCTOR_TESTS does not declare",
            test.name,
            assignment.group,
        )
        return test.default_for(Reason.UNEXPECTED_GROUP)
    log.log(
        logger,
        logging.WARNING,
        "The test %s carries a payload of the type %s, and PROCTOR_TESTS declares %s",
        test.name,
        assignment.payload_type,
        test.payload_type,
    )
    return assignment.without_payload()
