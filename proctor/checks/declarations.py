"""Check PROCTOR_TESTS for invalid declarations and for ambiguous names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import checks

from proctor.checks.hints import sentence
from proctor.conf import settings
from proctor.core.declarations.problems import Fault
from proctor.core.declarations.registry import Registry, declaration_problems
from proctor.core.exceptions import ConfigurationError
from proctor.visits.proc import Proc

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_declarations", "check_defaults", "check_names", "declared_tests"]

_IDS = {
    Fault.TYPE: "proctor.E001",
    Fault.TEXT: "proctor.E002",
    Fault.DEFAULT: "proctor.E003",
    Fault.TWICE: "proctor.E004",
}


def declared_tests() -> Registry:
    """Return the declared tests, or an empty list if `check_declarations` reports an error."""
    try:
        return Registry(settings.PROCTOR_TESTS)
    except ConfigurationError:
        return Registry()


def check_declarations(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report invalid declarations in PROCTOR_TESTS."""
    return [
        checks.Error(
            f"PROCTOR_TESTS: {problem.message}.",
            hint=sentence(problem.hint),
            id=_IDS[problem.fault],
        )
        for problem in declaration_problems(settings.PROCTOR_TESTS)
    ]


def check_names(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report test names that are ambiguous as attributes of `proc`, in logs or in forced groups."""
    return [message for name in declared_tests() for message in _misread(name)]


def check_defaults(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Warn about each default that can be true or false, depending on its value in the matrix.

    A default without a declared value takes the value that its bucket last had in the matrix. The
    first group is assumed to be the one without the new behavior.
    """
    return [
        checks.Warning(
            f"The default {test.default!r} of the test {name!r} has no declared value and is not "
            "the first group: whether this default counts as true depends on the value that it "
            "last had in the matrix.",
            hint="Declare values: groups={'inactive': -1, 'active': 1}. Or list the default first.",
            id="proctor.W025",
        )
        for name, test in declared_tests().items()
        if test.lacks_default_value and test.groups and test.default != next(iter(test.groups))
    ]


def _misread(name: str) -> Iterator[checks.CheckMessage]:
    if name.startswith("_"):
        yield checks.Warning(
            f"The test {name!r} cannot be read as proc.{name}, because its name begins with an "
            "underscore.",
            hint=f"In Python, write request.proc[{name!r}]. In templates, use a tag such as "
            "ifgroup.",
            id="proctor.W007",
        )
    elif hasattr(Proc, name):
        yield checks.Warning(
            f"The test {name!r} cannot be read as proc.{name}: proc has its own attribute with "
            "that name.",
            hint=f"In Python, write request.proc[{name!r}]. In templates, proc.{name} works.",
            id="proctor.W007",
        )
    if name[-1] in "0123456789":
        bare = name.rstrip("0123456789")
        yield checks.Warning(
            f"The name of the test {name!r} ends in a digit: for its group with the value 1, "
            f"logs and forced groups contain '{name}1', which is read as the test {bare!r} with "
            f"the value {name[len(bare) :]}1.",
            hint="Give the test a name that ends in a letter.",
            id="proctor.W008",
        )
