"""Read a Pipet's reply without trusting it (Java: JsonResponse, JsonResult)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from proctor.core.evaluation.groups import GroupAssignment, Groups, MatrixVersion, Reason
from proctor.core.evaluation.stored_groups import Bucketing, assignment, is_version
from proctor.core.exceptions import ConversionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from proctor.core.inputs.force_groups import ForceGroups

__all__ = ["UnreadableReply", "read_audit", "read_groups", "read_refused_variable"]

#: Matches two messages that Pipet sends: a variable is missing, or its value cannot be converted.
#: The second message quotes text from the visitor, but only before the name of the variable.
_VARIABLE = re.compile(
    r"(?:Required variable|Could not convert .* for context variable) '([\w.-]{1,60})'(?! to type)",
    re.DOTALL,
)


class UnreadableReply(ValueError):  # noqa: N818 - says what the reply is
    """A reply that a Pipet would never send. The message says what is wrong."""


def read_groups(
    content: bytes,
    force: ForceGroups | None = None,
    tests: Iterable[str] | None = None,
    on_odd: Callable[[str], object] | None = None,
) -> Groups:
    """Return the groups in the body of a reply to `groups/identify`.

    *force* contains the request's forced groups; it is needed because a reply does not mark them.
    If *tests* is given, only these tests are read. A test that cannot be read is left out, and
    *on_odd* is called with the reason. Raises UnreadableReply if the reply, or every test in it,
    cannot be read.
    """
    data = _member(_document(content), "data", "the reply")
    found = _member(data, "groups", "data")
    wanted = found if tests is None else [test for test in tests if test in found]
    groups: dict[str, GroupAssignment] = {}
    odd: list[UnreadableReply] = []
    for test in wanted:
        try:
            groups[test] = _assignment(test, found[test], force)
        except UnreadableReply as problem:
            odd.append(problem)
    if odd and not groups:
        raise odd[0]
    if on_odd is not None:
        for each in odd:
            on_odd(str(each))
    return Groups(groups, matrix_version=_version(data.get("audit")))


def read_audit(content: bytes) -> None:
    """Raise UnreadableReply if the body of `proctor/matrix/audit` contains no matrix version.

    A Pipet without a matrix answers with null.
    """
    _member(_document(content), "data", "the reply")


def read_refused_variable(content: bytes) -> str | None:
    """Return the name of the context variable that an error response mentions, or None."""
    try:
        message = _member(_document(content), "meta", "the reply").get("error")
    except UnreadableReply:
        return None
    found = _VARIABLE.match(message) if isinstance(message, str) else None
    return found and found[1]


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreadableReply("it is not JSON" if content else "it is empty") from error
    if not isinstance(document, dict):
        raise UnreadableReply(f"expected a JSON object, got {_kind(document)}")
    return document


def _kind(value: object) -> str:
    """Return the JSON type of a value, for messages. The value itself could be a visitor's data."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return _KINDS.get(type(value), "a number")


_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "a string"}


def _member(parent: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    found = parent.get(name)
    if not isinstance(found, dict):
        raise UnreadableReply(f"{name!r} of {where}: expected an object, got {_kind(found)}")
    return found


def _assignment(test: str, found: Any, force: ForceGroups | None) -> GroupAssignment:
    if not isinstance(found, dict):
        raise UnreadableReply(f"the group of the test {test[:80]!r} is {_kind(found)}")
    group, value, version = found.get("name"), found.get("value"), found.get("version")
    if not isinstance(group, str) or type(value) is not int:
        raise UnreadableReply(
            f"the group of the test {test[:80]!r}: expected a string as its name and a whole "
            f"number as its value, got {_kind(group)} and {_kind(value)}"
        )
    if version is not None and not isinstance(version, str):
        version = str(version)
    payload_type, payload = _payload(test, found.get("payload"))
    reason = Reason.FORCED if force and _is_forced(test, value, force) else Reason.ASSIGNED
    try:
        return assignment(Bucketing(test, group, value, version, payload_type, payload, reason))
    except (ConversionError, KeyError, RecursionError) as error:
        raise UnreadableReply(f"the payload of the test {test[:80]!r}: {error}") from error


def _payload(test: str, found: Any) -> tuple[str | None, str | None]:
    if found is None or found == {}:
        return None, None
    if not isinstance(found, dict) or len(found) != 1:
        raise UnreadableReply(
            f"the payload of the test {test[:80]!r}: expected an object with one key, "
            f"got {_kind(found)}"
        )
    ((payload_type, value),) = found.items()
    return payload_type, json.dumps(value)


def _is_forced(test: str, value: int, force: ForceGroups) -> bool:
    # The default mode does not matter here, because a Pipet ignores it.
    return force.groups.get(test) == value


def _version(audit: Any) -> MatrixVersion | None:
    """Return the version of the matrix, or None. A reply without a version must not be cached."""
    if not isinstance(audit, dict):
        return None
    version, updated = audit.get("version"), audit.get("updated")
    if version is None or type(updated) is not int or not is_version(str(version), updated):
        return None
    return MatrixVersion(str(version), updated)
