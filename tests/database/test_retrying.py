"""Transactions that the database rolls back because of others are repeated."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, OperationalError

from proctor.database.retrying import is_conflict, retried


class SerializationError(Exception):
    sqlstate = "40001"


def from_postgresql():
    error = OperationalError("could not serialize access")
    error.__cause__ = SerializationError()
    return error


CONFLICTS = [
    OperationalError(1213, "Deadlock found when trying to get lock"),
    OperationalError(1205, "Lock wait timeout exceeded"),
    OperationalError(1020, "Record has changed since last read"),
    from_postgresql(),
]


def failing(*errors):
    """A function that raises these errors, one at each call, and then returns its calls."""
    left, calls = [*errors], []

    @retried(lambda: "default")
    def act(word):
        calls.append(word)
        if left:
            raise left.pop(0)
        return calls

    return act, calls


@pytest.mark.parametrize("error", CONFLICTS, ids=str)
def test_a_transaction_that_lost_against_others_is_repeated(error):
    act, _calls = failing(error)
    assert act("once") == ["once", "once"]


def test_a_transaction_that_loses_again_and_again_fails():
    act, calls = failing(*[CONFLICTS[0]] * 9)
    with pytest.raises(OperationalError, match="Deadlock"):
        act("often")
    assert len(calls) < 9


@pytest.mark.parametrize(
    "error", [IntegrityError(1062, "Duplicate entry"), OperationalError("locked")], ids=str
)
def test_other_errors_are_not_repeated(error):
    act, calls = failing(error)
    with pytest.raises(type(error)):
        act("once")
    assert calls == ["once"]
    assert not is_conflict(error)


def test_inside_another_transaction_nothing_is_repeated(db):
    act, calls = failing(CONFLICTS[0])
    with pytest.raises(OperationalError):
        act("once")
    assert calls == ["once"]
