"""Registration of applications: read, check and store their specifications."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from django.utils import timezone

from proctor.core.authoring.compatibility.specification_problems import specification_problems
from proctor.core.authoring.compatibility.specifications import specification_of
from proctor.core.authoring.definitions.lenient_json import parse_lenient
from proctor.core.authoring.refusals import Refusal
from proctor.core.messages import shown
from proctor.core.problems import Problem, Severity
from proctor.core.sentences import Sentence, gettext_noop, sentence_of
from proctor.editor.access.permissions import REGISTER
from proctor.editor.branches import check_branch
from proctor.editor.errors import NoSuchApplication, Refused
from proctor.editor.models import Application
from proctor.editor.publishing.publishing import write_alias

if TYPE_CHECKING:
    from typing import Any

    from proctor.editor.access.permissions import Actor

__all__ = [
    "MAX_APPLICATIONS",
    "MAX_FILTERS",
    "MAX_TESTS",
    "MAX_VALIDATOR",
    "MAX_VARIABLES",
    "Registered",
    "find_application",
    "forget",
    "register",
]

_NAME = re.compile(r"[\w.@:-]{1,100}", re.ASCII)
#: Maximum number of registered applications, in all environments together.
MAX_APPLICATIONS = 1000
#: Limits for a specification: the numbers of tests, variables and filters, and the length of a
#: validator in characters.
MAX_TESTS, MAX_VARIABLES, MAX_FILTERS, MAX_VALIDATOR = 10_000, 500, 100, 2_000
_VERSION = 100


class Registered(NamedTuple):
    """A registration, and the warnings about its specification."""

    application: Application
    is_new: bool
    problems: tuple[Problem, ...]


def register(
    actor: Actor,
    name: str,
    environment: str,
    text: str,
    *,
    version: str = "",
    whole_matrix: bool = False,
) -> Registered:
    """Store the specification of an application, and the time of the registration.

    The application is registered even if some of its tests are missing from the branch, because the
    application is already running or about to start. Raises PermissionMissing, NotFound for an
    unknown environment, and Refused for an invalid name or specification.
    """
    actor.require(REGISTER, branch=check_branch(environment))
    _check_name(name)
    if len(version) > _VERSION:
        raise _refused(
            "application-version",
            Sentence(
                gettext_noop("expected a version of at most {limit} characters, got {length}"),
                limit=_VERSION,
                length=len(version),
            ),
        )
    document, problems = _read(text)
    stored = json.dumps(document, allow_nan=False, separators=(",", ":"))
    rows = Application.objects.using(write_alias())
    known = rows.filter(name=name, environment=environment).exists()
    if not known and rows.count() >= MAX_APPLICATIONS:
        raise _refused(
            "applications",
            Sentence(
                gettext_noop(
                    "{limit} applications are registered already; forget those that no longer run"
                ),
                limit=MAX_APPLICATIONS,
            ),
        )
    application, is_new = rows.update_or_create(
        name=name,
        environment=environment,
        defaults={
            "specification": stored,
            "digest": hashlib.sha256(stored.encode()).hexdigest(),
            "whole_matrix": whole_matrix,
            "version": version,
            "last_seen": timezone.now(),
        },
    )
    return Registered(application, is_new, problems)


def find_application(name: str, environment: str) -> Application:
    """Return a registered application. Raises NoSuchApplication if it is not registered."""
    check_branch(environment)
    rows = Application.objects.using(write_alias())
    found = rows.filter(name=name, environment=environment).first()
    if found is None:
        raise NoSuchApplication(name, environment)
    return found


def forget(actor: Actor, name: str, environment: str) -> Application:
    """Remove the registration of an application. Raises PermissionMissing and NotFound."""
    actor.require(REGISTER, branch=check_branch(environment))
    found = find_application(name, environment)
    Application.objects.using(write_alias()).filter(pk=found.pk).delete()
    return found


def _refused(code: str, message: str) -> Refused:
    return Refused([Problem(Severity.FATAL, message, code=code)])


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise _refused(
            "application-name",
            Sentence(
                gettext_noop(
                    "expected an application name of at most 100 characters (letters, digits and "
                    ". _ - @ :), got {name}"
                ),
                name=shown(name),
            ),
        )


def _read(text: str) -> tuple[Any, tuple[Problem, ...]]:
    """Return a specification as JSON, with its warnings. Raises Refused if it is invalid."""
    try:
        document = parse_lenient(text)
        problems = specification_problems(_bounded(document))
        specification_of(document)
        json.dumps(document, allow_nan=False)
    except Refusal as refusal:
        raise Refused([refusal.problem]) from refusal
    except (ValueError, RecursionError) as error:
        raise _refused(
            "specification",
            Sentence(
                gettext_noop("the specification cannot be stored: {error}"),
                error=sentence_of(error),
            ),
        ) from error
    if any(each.severity is Severity.FATAL for each in problems):
        raise Refused(problems)
    return document, tuple(problems)


def _bounded(document: Any) -> Any:
    """Return the document unchanged. Raises Refused if one of its parts is too large to read.

    Values of the wrong type are rejected later, when they are read.
    """
    if not isinstance(document, dict):
        return document
    limits = (
        ("tests", dict, MAX_TESTS),
        ("providedContext", dict, MAX_VARIABLES),
        ("dynamicFilters", list, MAX_FILTERS),
    )
    for name, kind, most in limits:
        value = document.get(name)
        if isinstance(value, kind) and len(value) > most:
            raise _refused(
                "specification-size",
                Sentence(
                    gettext_noop("{name}: expected at most {limit} entries, got {length}"),
                    name=name,
                    limit=most,
                    length=len(value),
                ),
            )
    tests = document.get("tests")
    for name, test in tests.items() if isinstance(tests, dict) else ():
        payload = test.get("payload") if isinstance(test, dict) else None
        validator = payload.get("validator") if isinstance(payload, dict) else None
        if isinstance(validator, str) and len(validator) > MAX_VALIDATOR:
            raise Refused(
                [
                    Problem(
                        Severity.FATAL,
                        Sentence(
                            gettext_noop(
                                "the validator has {length} characters; expected at most {limit}"
                            ),
                            length=len(validator),
                            limit=MAX_VALIDATOR,
                        ),
                        name,
                        code="specification-size",
                    )
                ]
            )
    return document
