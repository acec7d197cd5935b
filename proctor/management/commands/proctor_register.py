"""`manage.py proctor_register`: tell the editor at each deploy which tests the site needs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.utils.module_loading import import_string

from proctor.conf import settings
from proctor.core.exceptions import ConfigurationError, SourceError
from proctor.core.messages import printable
from proctor.core.sources.http.sending import put_json
from proctor.management.live_matrix import one_line
from proctor.upkeep.site_specification import site_name, site_place, site_specification

if TYPE_CHECKING:
    from argparse import ArgumentParser

__all__ = ["Command"]

#: Exit code with --strict if a declared test is missing from the branch or cannot be used.
UNSATISFIED = 1
#: Time limit for the editor's answer, in seconds.
TIMEOUT = 10.0
#: The name of a setting, and of the environment variable that is used if the setting is empty.
TOKEN = "PROCTOR_REGISTER_TOKEN"  # noqa: S105 - its name, not a token

_EDITOR = "proctor.editor"
_HERE = "proctor.editor.applications.at_deploy.register_here"
_LINES = 20


class Command(BaseCommand):
    """Register the site as an application in the editor."""

    help = (
        "Registers this site with the editor of its matrix, so that the editor refuses changes "
        "that the site's code cannot handle. Run this command at each deploy. Exit code 0: "
        "registered; 1: registered, but --strict was given and a test is missing or cannot be "
        "used; 2: not registered."
    )

    #: System checks are skipped: they exit with 1, which has a different meaning here.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument(
            "--application",
            metavar="NAME",
            help="name of the application; default: PROCTOR_APPLICATION, or the package of "
            "ROOT_URLCONF",
        )
        parser.add_argument(
            "--environment",
            metavar="BRANCH",
            help="the branch that the site evaluates; default: the branch in PROCTOR_MATRIX",
        )
        parser.add_argument(
            "--to",
            metavar="URL",
            help="the URL of the editor of another site; default: the one in PROCTOR_MATRIX, or "
            "the database of this site",
        )
        parser.add_argument("--release", default="", help="the version of the site's code")
        parser.add_argument(
            "--timeout",
            type=float,
            default=TIMEOUT,
            metavar="SECONDS",
            help=f"time limit for another site's answer, in seconds; default: {TIMEOUT:g}",
        )
        parser.add_argument(
            "--strict",
            action="store_true",
            help="exit with 1 if a declared test is missing or cannot be used",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Register the site, and print the tests that are missing or unusable."""
        with one_line():
            name = _name(options["application"])
            place = site_place()
            branch = options["environment"] or place.branch
            if not branch:
                raise _failed(
                    "PROCTOR_MATRIX does not name the branch that this site evaluates; give "
                    "--environment BRANCH"
                )
            document = {
                "specification": site_specification(),
                "version": options["release"],
                "whole_matrix": True,
            }
            address = options["to"] or place.editor
            if address:
                answer = _send(
                    _root(address),
                    name,
                    branch,
                    document,
                    token=_token(is_own_matrix=address == place.editor),
                    timeout=_seconds(options["timeout"]),
                )
            else:
                answer = _register_here(name, branch, document)
        tests = len(document["specification"]["tests"])
        where = f" at {printable(address)}" if address else ""
        self.stdout.write(
            f"Registered {name} in {branch}{where}: {tests} declared test{'s'[: tests != 1]}"
        )
        findings = list(_findings(answer))
        for line in findings[:_LINES]:
            self.stdout.write(self.style.WARNING(line))
        if len(findings) > _LINES:
            self.stdout.write(f"... and {len(findings) - _LINES} more")
        if findings and options["strict"]:
            sys.exit(UNSATISFIED)


def _failed(message: str) -> ConfigurationError:
    return ConfigurationError(message)


def _name(given: str | None) -> str:
    name = given or site_name()
    if not name:
        raise _failed("This site has no name; give --application NAME or set PROCTOR_APPLICATION")
    return name


def _seconds(given: float) -> float:
    if not 0 < given < float("inf"):
        raise _failed(f"--timeout: expected a number of seconds above 0, got {given}")
    return given


def _root(address: str) -> str:
    try:
        parts = urlsplit(address)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_good = False
    if not is_good or parts.query or parts.fragment or parts.username is not None:
        raise _failed(
            "--to: expected the URL of an editor such as https://shop.example/proctor/, got "
            f"{printable(address, 200)!r}"
        )
    return address if address.endswith("/") else f"{address}/"


def _token(*, is_own_matrix: bool) -> str:
    """Return the token to send. PROCTOR_MATRIX_TOKEN is sent only to the matrix's host."""
    token = settings.PROCTOR_REGISTER_TOKEN or os.environ.get(TOKEN)
    if not token and is_own_matrix:
        token = settings.PROCTOR_MATRIX_TOKEN
    if not token:
        raise _failed(
            f"The editor of another site needs a token with the register scope: set {TOKEN} in the "
            "settings or in the environment"
        )
    return str(token)


def _send(
    root: str, name: str, branch: str, document: dict[str, Any], *, token: str, timeout: float
) -> dict[str, Any]:
    url = f"{root}api/applications/{quote(name, safe='')}/{quote(branch, safe='')}/"
    try:
        reply = put_json(url, document, bearer=token, timeout=timeout)
    except SourceError as error:
        raise _failed(str(error)) from error
    answer = reply.document if isinstance(reply.document, dict) else {}
    if reply.status in (200, 201) and "missing" in answer:
        return answer
    refusal = answer.get("error")
    if isinstance(refusal, dict):
        words = printable(str(refusal.get("message", "")), 1500)
        raise _failed(f"The editor refused ({reply.status}): {words}")
    raise _failed(
        f"{printable(url, 200)} answered {reply.status}, which is not an editor's answer: is --to "
        "the URL where proctor.editor.urls is included?"
    )


def _register_here(name: str, branch: str, document: dict[str, Any]) -> dict[str, Any]:
    if not apps.is_installed(_EDITOR):
        raise _failed(
            f"{_EDITOR!r} is not in INSTALLED_APPS; give --to with the URL of the site that has "
            "the editor"
        )
    register: Any = import_string(_HERE)
    try:
        found: dict[str, Any] = register(name, branch, document)
    except DatabaseError as error:
        raise _failed(f"The editor's database failed: {printable(error, 300)}") from error
    return found


def _findings(answer: dict[str, Any]) -> list[str]:
    """Return a line for each missing or unusable test that the editor reports."""
    missing, problems = answer.get("missing"), answer.get("problems")
    lines = [f"{printable(each)}: missing" for each in missing or [] if isinstance(each, str)]
    for each in problems if isinstance(problems, list) else []:
        if isinstance(each, dict):
            about = f"{printable(str(each['test']))}: " if each.get("test") else ""
            lines.append(f"{about}{printable(str(each.get('message', '')), 400)}")
    return lines
