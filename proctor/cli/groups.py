"""`groups`: in which groups a visitor is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import add_declarations, add_json, add_matrix, add_visitor
from proctor.cli.inputs import load_proctor, read_visitor
from proctor.cli.printing import compact_json, pretty_json, printable, table
from proctor.core.frozen import thaw

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TextIO

    from proctor.core.groups import GroupAssignment, Groups

DESCRIPTION = "Print the groups of a visitor as a table."


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser("groups", help=DESCRIPTION, description=DESCRIPTION)
    add_matrix(parser)
    add_visitor(parser)
    add_declarations(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the groups; the result is the exit code."""
    proctor, variables = load_proctor(options)
    visitor = read_visitor(options, variables)
    groups = proctor.determine_groups(
        identifiers=visitor.identifiers,
        context=visitor.context,
        force_groups=options.force,
        random_enabled=options.random,
    )
    if options.json:
        out.write(pretty_json(as_json(groups, proctor.loaded, proctor.dropped)) + "\n")
    else:
        out.writelines(f"{line}\n" for line in lines(groups, proctor.loaded, proctor.dropped))
    return 0


def lines(
    groups: Groups, tests: Iterable[str] = (), dropped: Mapping[str, object] | None = None
) -> Iterator[str]:
    """The groups as a table, and below it what of the *tests* is not in it, and why."""
    if groups:
        yield from table(
            ("TEST", "GROUP", "VALUE", "PAYLOAD", "WHY"),
            (_row(name, assignment) for name, assignment in groups.items()),
            "<<>",
        )
    else:
        yield "The visitor is in no group."
    notes = list(_notes(groups, tests, dropped or {}))
    if notes:
        yield ""
    yield from notes


def _notes(groups: Groups, tests: Iterable[str], dropped: Mapping[str, object]) -> Iterator[str]:
    quiet = sorted(name for name in tests if name not in groups and name not in groups.errors)
    if quiet and groups:
        yield f"no group in: {', '.join(map(printable, quiet))}"
    for name, error in sorted(groups.errors.items()):
        yield f"rule failed in {printable(name)}: {printable(str(error))}"
    for name, problem in sorted(dropped.items()):
        yield f"dropped {printable(name)}: {printable(str(problem))}"
    for name, won in sorted(groups.properties.items()):
        value = printable(compact_json(thaw(won.value)))
        yield f"property {printable(name)} of {printable(won.test)}: {value}"


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
    """Where the group comes from, in two words."""
    if assignment.forced or assignment.allocation_index is None:
        return assignment.reason.value
    return f"allocation {assignment.allocation_id or assignment.allocation_index + 1}"


def as_json(
    groups: Groups, tests: Iterable[str] = (), dropped: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """The groups as a JSON document; what it holds is said in the documentation."""
    return {
        "groups": {name: _assignment_as_json(groups[name]) for name in groups},
        "no_group": sorted(name for name in tests if name not in groups),
        "errors": {name: str(error) for name, error in sorted(groups.errors.items())},
        "dropped": {name: str(problem) for name, problem in sorted((dropped or {}).items())},
        "properties": {
            name: {"value": thaw(won.value), "test": won.test}
            for name, won in sorted(groups.properties.items())
        },
    }


def _assignment_as_json(assignment: GroupAssignment) -> dict[str, Any]:
    return {
        "group": assignment.group,
        "value": assignment.value,
        "payload": thaw(assignment.payload),
        "payload_type": assignment.payload_type,
        "reason": assignment.reason.value,
        "allocation": assignment.allocation_index,
        "allocation_id": assignment.allocation_id,
        "version": assignment.version,
    }
