"""`review`: show what changed between two matrices, trees or definitions, and the risks."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import add_declarations
from proctor.cli.definition_files.reading import Definitions, read_definitions
from proctor.cli.definition_files.specifications import declared_tests, read_specifications
from proctor.cli.inputs import read_variables
from proctor.cli.printing import MAX_LINE, pretty_json
from proctor.core.authoring.moves.findings import Risk
from proctor.core.authoring.review.reviewing import review
from proctor.core.authoring.review.sides import tests_of
from proctor.core.messages import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import TextIO

    from proctor.core.authoring.moves.findings import Finding
    from proctor.core.authoring.review.reviewing import Review, ReviewedTest
    from proctor.core.authoring.review.sides import Reviewed
    from proctor.core.matrices.matrix import TestDefinition

DESCRIPTION = (
    "Show what changed between two matrices, trees or definitions, and who enters, leaves or "
    "changes groups."
)

DETAILS = (
    "OLD and NEW are matrices (a path, an address, or - for standard input), directories with "
    "test-definitions/<test>/definition.json, or single definitions; an empty file represents a "
    "definition that does not exist. Exit code 0: done. 1: --fail-on is reached. 2: bad input."
)

DONE, FINDING = 0, 1
_RED, _RESET = "\x1b[31m", "\x1b[0m"


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser("review", help=DESCRIPTION, description=f"{DESCRIPTION} {DETAILS}")
    parser.add_argument("old", metavar="OLD", help="before the change")
    parser.add_argument("new", metavar="NEW", help="after the change")
    parser.add_argument(
        "--fail-on",
        choices=("danger", "notice"),
        help="exit with 1 if the risk of any test is this high or higher",
    )
    add_declarations(parser)
    parser.add_argument(
        "--specification",
        action="append",
        default=[],
        metavar="FILE",
        help="the specification of an application: deleting a test that it uses is reported as a "
        "danger, but deleting any other test is not; may be repeated",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON instead")
    form.add_argument("--markdown", action="store_true", help="print Markdown, for a pull request")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the review. Return the exit code."""
    variables = read_variables(options)
    old, new = _matched(read_definitions(options.old), read_definitions(options.new))
    specifications = read_specifications(options.specification)
    found = review(
        old,
        new,
        declared=declared_tests(specifications.values(), old, new) if specifications else None,
        context_types=variables.context_types,
        test_types=options.test_type,
    )
    if options.json:
        out.write(pretty_json(found.to_dict()) + "\n")
    else:
        shown = markdown(found) if options.markdown else lines(found, color=has_color(out))
        out.writelines(f"{line}\n" for line in shown)
    return exit_code(found, options.fail_on)


def exit_code(found: Review, fail_on: str | None) -> int:
    """Return 1 if the risk is *fail_on* or higher."""
    if fail_on is None:
        return DONE
    return FINDING if found.risk.rank >= Risk(fail_on).rank else DONE


def _matched(old: Definitions, new: Definitions) -> tuple[Reviewed, Reviewed]:
    """Return the definitions to compare: only one test if one side is a single definition."""
    if old.is_single and new.is_single:
        # Standard input has no file name to take the test's name from.
        named = old if old.content and (new.location == "-" or not new.content) else new
        name = next(iter(named.content), "")  # type: ignore[arg-type]
        return _only(old, name), _only(new, name)
    if old.is_single or new.is_single:
        single, other = (old, new) if old.is_single else (new, old)
        name = next(iter(single.content), "")  # type: ignore[arg-type]
        test = tests_of(other.content).get(name)
        pair = _only(single, name), test
        return pair if old.is_single else pair[::-1]
    return old.content, new.content


def _only(single: Definitions, name: str) -> TestDefinition | None:
    """Return the definition in a file as the test *name*, regardless of the file's name."""
    content: Any = single.content
    for definition in content.values():
        return tests_of({name: definition})[name]
    return None


def has_color(out: TextIO) -> bool:
    """Return True if the output is a terminal that supports colors."""
    return out.isatty() and not os.environ.get("NO_COLOR")


def lines(found: Review, *, color: bool = False) -> Iterator[str]:
    """Yield the review as text: the changes of each test, with the most serious changes first."""
    for test in found.tests:
        yield _painted(
            f"{printable(test.test)}: {test.change}, {_risk(test.risk)}", test.risk, color
        )
        for finding in _ordered(test):
            text = f"  {finding.sentence}"
            yield _painted(printable(text, MAX_LINE), finding.risk, color)
        yield ""
    yield _summary(found)


def _painted(line: str, risk: Risk, color: bool) -> str:
    return f"{_RED}{line}{_RESET}" if color and risk is Risk.DANGER else line


def _ordered(test: ReviewedTest) -> list[Finding]:
    return sorted(test.findings, key=lambda finding: -finding.risk.rank)


def _risk(risk: Risk) -> str:
    return "no risk" if risk is Risk.NONE else risk.value


def _summary(found: Review) -> str:
    if not found.tests:
        return "Nothing changed."
    counts = [
        f"{count} {_risk(risk)}"
        for risk in Risk
        if (count := sum(test.risk is risk for test in found.tests))
    ]
    number = len(found.tests)
    return f"{number} {'test' if number == 1 else 'tests'}: {', '.join(counts)}"


def markdown(found: Review) -> Iterator[str]:
    """Yield the review as Markdown: a heading, and a list of the changes of each test."""
    yield f"### Proctor review: {_summary(found)}"
    for test in found.tests:
        yield ""
        yield f"**{_escaped(test.test)}**: {test.change}, {_risk(test.risk)}"
        yield ""
        for finding in _ordered(test):
            sentence = _escaped(finding.sentence)
            grave = finding.risk is Risk.DANGER
            yield f"- **Danger:** {sentence}" if grave else f"- {sentence}"


def _escaped(text: str) -> str:
    """Escape text for Markdown, so that it has no links, mentions, HTML or emphasis."""
    safe = re.sub(r"([\\`*_{}\[\]<>()#+!|~$&])", r"\\\1", printable(text, MAX_LINE))
    return safe.replace("@", "@\u200b")
