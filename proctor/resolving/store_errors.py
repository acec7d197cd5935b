"""Recognize exceptions from caches and session stores that do not mean an outage."""

from __future__ import annotations

from django.core.exceptions import SynchronousOnlyOperation
from django.db.transaction import TransactionManagementError

__all__ = ["StoreDown", "is_of_the_request", "is_unreadable"]

#: Errors from these modules mean that a value cannot be decoded, not that a store is down.
_OF_VALUES = ("_pickle", "pickle", "zlib", "binascii")

_VALUE_ERRORS = (AttributeError, EOFError, ImportError, LookupError, TypeError, ValueError)


class StoreDown(Exception):  # noqa: N818 - a state, not a fault
    """A store does not answer, or was not called because of earlier failures."""


def is_unreadable(error: Exception) -> bool:
    """Return True if the store answered, but the stored value cannot be read."""
    module = type(error).__module__
    return module in _OF_VALUES or (module == "builtins" and isinstance(error, _VALUE_ERRORS))


def is_of_the_request(error: Exception) -> bool:
    """Return True if the state of the request, and not the store, prevented access to the store."""
    return isinstance(error, (SynchronousOnlyOperation, TransactionManagementError))
