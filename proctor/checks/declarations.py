"""PROCTOR_TESTS: what is declared, and names that will be misread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import checks

from proctor.checks.hints import sentence
from proctor.conf import settings
from proctor.core.declaration_problems import Fault
from proctor.core.declarations import Registry, declaration_problems
from proctor.core.exceptions import ConfigurationError
from proctor.proc import Proc

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_declarations", "check_names", "declared_tests"]

_IDS = {
    Fault.TYPE: "proctor.E001",
    Fault.TEXT: "proctor.E002",
    Fault.DEFAULT: "proctor.E003",
    Fault.TWICE: "proctor.E004",
}


def declared_tests() -> Registry:
    """The declared tests; none at all where `check_declarations` has something to say."""
    try:
        return Registry(settings.PROCTOR_TESTS)
    except ConfigurationError:
        return Registry()


def check_declarations(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Everything that makes no sense in PROCTOR_TESTS."""
    return [
        checks.Error(
            f"PROCTOR_TESTS: {problem.message}.",
            hint=sentence(problem.hint),
            id=_IDS[problem.fault],
        )
        for problem in declaration_problems(settings.PROCTOR_TESTS)
    ]


def check_names(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Names of tests that proc, or a list of groups, takes for something else."""
    return [message for name in declared_tests() for message in _misread(name)]


def _misread(name: str) -> Iterator[checks.CheckMessage]:
    if name.startswith("_") or hasattr(Proc, name):
        yield checks.Warning(
            f"The test {name!r} cannot be read as proc.{name}: proc has its own attributes of "
            "such names.",
            hint=f"Write request.proc[{name!r}] in Python; templates find the test.",
            id="proctor.W007",
        )
    if name[-1] in "0123456789":
        bare = name.rstrip("0123456789")
        yield checks.Warning(
            f"The name of the test {name!r} ends in a digit: with the value 1 it is logged and "
            f"forced as '{name}1', which reads as the test {bare!r} with the value "
            f"{name[len(bare) :]}1.",
            hint="Give the test a name that ends in a letter.",
            id="proctor.W008",
        )
