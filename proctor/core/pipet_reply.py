"""What a Pipet answers, read with suspicion (Java: JsonResponse, JsonResult)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import ConversionError
from proctor.core.groups import GroupAssignment, Groups, MatrixVersion, Reason
from proctor.core.stored_groups import Bucketing, assignment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proctor.core.forcing import ForceGroups

__all__ = ["UnreadableReply", "read_groups", "read_refused_variable"]

#: Of Pipet's two messages: a variable that is missing, and one that cannot be converted.
#: What a visitor wrote may stand before the last of these words, and not behind them.
_VARIABLE = re.compile(
    r"(?:Required variable|Could not convert .* for context variable) '([\w.-]{1,60})'(?! to type)",
    re.DOTALL,
)


class UnreadableReply(ValueError):  # noqa: N818 - says what the reply is
    """A reply that is not what a Pipet says; the text says in what."""


def read_groups(
    content: bytes, force: ForceGroups | None = None, tests: Iterable[str] | None = None
) -> Groups:
    """The groups in the body of a reply to `groups/identify`.

    *force* is what was forced with the request: a reply does not say which groups were.
    With *tests* no others are looked at. Raises UnreadableReply.
    """
    data = _member(_document(content), "data", "the reply")
    found = _member(data, "groups", "data")
    wanted = found if tests is None else [test for test in tests if test in found]
    return Groups(
        {test: _assignment(test, found[test], force) for test in wanted},
        matrix_version=_version(data.get("audit")),
    )


def read_refused_variable(content: bytes) -> str | None:
    """The context variable that the body of an error is about; None where it names none."""
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
        raise UnreadableReply("it is no JSON" if content else "it is empty") from error
    if not isinstance(document, dict):
        raise UnreadableReply(f"it is no JSON object but {_kind(document)}")
    return document


def _kind(value: object) -> str:
    """What JSON calls a value, which itself may be a visitor's."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return _KINDS.get(type(value), "a number")


_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "a text"}


def _member(parent: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    found = parent.get(name)
    if not isinstance(found, dict):
        raise UnreadableReply(f"{name!r} of {where} is no object but {_kind(found)}")
    return found


def _assignment(test: str, found: Any, force: ForceGroups | None) -> GroupAssignment:
    if not isinstance(found, dict):
        raise UnreadableReply(f"the group of the test {test[:80]!r} is {_kind(found)}")
    group, value, version = found.get("name"), found.get("value"), found.get("version")
    if not isinstance(group, str) or type(value) is not int:
        raise UnreadableReply(
            f"the group of the test {test[:80]!r} has {_kind(group)} as its name and "
            f"{_kind(value)} as its value; these are a text and a whole number"
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
            f"the payload of the test {test[:80]!r} is no object of one key but {_kind(found)}"
        )
    ((payload_type, value),) = found.items()
    return payload_type, json.dumps(value)


def _is_forced(test: str, value: int, force: ForceGroups) -> bool:
    # Modes for the tests that are not named mean nothing to a Pipet.
    return force.groups.get(test) == value


def _version(audit: Any) -> MatrixVersion | None:
    """The version; None where nothing is told of it, and so nothing is to be remembered."""
    if not isinstance(audit, dict):
        return None
    version, updated = audit.get("version"), audit.get("updated")
    if version is None or type(updated) is not int:
        return None
    return MatrixVersion(str(version), updated)
