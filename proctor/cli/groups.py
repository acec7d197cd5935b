"""`groups`: print the groups of a visitor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import add_declarations, add_json, add_matrix, add_visitor
from proctor.cli.complaints import muted
from proctor.cli.inputs import load_proctor, read_visitor
from proctor.cli.printing import MAX_LINE, compact_json, pretty_json, table
from proctor.core.evaluation.groups import Groups
from proctor.core.java.frozen import thaw
from proctor.core.messages import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Iterator, Mapping
    from typing import TextIO

    from proctor.cli.inputs import Visitor
    from proctor.cli.printing import Output
    from proctor.core.evaluation.engine import Proctor
    from proctor.core.evaluation.groups import GroupAssignment

DESCRIPTION = "Print the groups of a visitor as a table."


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser("groups", help=DESCRIPTION, description=DESCRIPTION)
    add_matrix(parser)
    add_visitor(parser)
    add_declarations(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the groups. Return the exit code."""
    proctor, variables = load_proctor(options)
    visitor = read_visitor(options, variables, options.test_type, matrix=proctor.matrix)
    groups, reasons = look(proctor, visitor, random=options.random)
    write(groups, reasons, out, json=options.json)
    return 0


def look(
    proctor: Proctor, visitor: Visitor, *, random: bool, tests: Collection[str] | None = None
) -> tuple[Groups, dict[str, str]]:
    """Return a visitor's groups and, for every other test, the reason why it assigned no group.

    If *random* is True, tests of type RANDOM draw a group. *tests* are the requested tests; None
    means all tests. A test that is not in the matrix is left out of both results.
    """
    asked: dict[str, Any] = {
        "identifiers": visitor.identifiers,
        "context": visitor.context,
        "force_groups": visitor.force_groups,
        "random_enabled": random,
    }
    known = proctor.matrix.tests
    wanted = sorted(known if tests is None else known.keys() & {*tests})
    # The engine treats an empty list as a request for all tests.
    groups = proctor.determine_groups(**asked, tests=wanted) if wanted else Groups({})
    missing = [name for name in wanted if name not in groups]
    with muted():
        return groups, {name: proctor.explain(name, **asked).summary for name in missing}


def write(groups: Groups, reasons: Mapping[str, str], out: Output, *, json: bool) -> None:
    """Print the result of `look`, as a table or as JSON."""
    if json:
        out.write(pretty_json(as_json(groups, reasons)) + "\n")
    else:
        out.write("".join(f"{line}\n" for line in lines(groups, reasons)))


def lines(groups: Groups, reasons: Mapping[str, str]) -> Iterator[str]:
    """Return the groups as a table, then the *reasons* why other tests assigned no group."""
    if groups:
        yield from table(
            ("TEST", "GROUP", "VALUE", "PAYLOAD", "WHY"),
            (_row(name, assignment) for name, assignment in groups.items()),
            "<<>",
        )
    else:
        yield "The visitor is in no group."
    if groups.properties or reasons:
        yield ""
    for name, won in sorted(groups.properties.items()):
        value = compact_json(thaw(won.value))
        yield printable(f"property {name} of {won.test}: {value}", MAX_LINE)
    for name, reason in reasons.items():
        yield printable(f"{name}: {reason}", MAX_LINE)


def _row(name: str, assignment: GroupAssignment) -> tuple[str, ...]:
    return (
        name,
        assignment.group or "",
        str(assignment.value),
        _payload(assignment),
        why(assignment),
    )


def _payload(assignment: GroupAssignment) -> str:
    if assignment.payload_type is None:
        return ""
    return compact_json(thaw(assignment.payload)) if assignment.payload_type else "{}"


def why(assignment: GroupAssignment) -> str:
    """Return where the group comes from, in at most two words."""
    if assignment.forced or assignment.allocation_index is None:
        return assignment.reason.value
    return f"allocation {assignment.allocation_id or assignment.allocation_index + 1}"


def as_json(groups: Groups, reasons: Mapping[str, str]) -> dict[str, Any]:
    """Return the groups as a JSON document. Its fields are described in the documentation."""
    return {
        "groups": {name: groups[name].to_dict() for name in groups},
        "no_group": dict(reasons),
        "errors": {name: str(error) for name, error in sorted(groups.errors.items())},
        "properties": {
            name: {"value": thaw(won.value), "test": won.test}
            for name, won in sorted(groups.properties.items())
        },
    }
