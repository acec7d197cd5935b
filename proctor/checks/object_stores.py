"""Check a matrix in an object store: the required packages, and credentials in its URL."""

from __future__ import annotations

import os
from typing import Any

from django.core import checks

from proctor.checks.values import is_sound, value_of
from proctor.core.exceptions import ConfigurationError
from proctor.core.sources.object_stores import (
    ObjectLocation,
    has_credentials,
    is_object_address,
    public_address,
)
from proctor.resolving.matrix_locations import matrix_schemes

__all__ = ["check_object_store"]


def check_object_store(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report missing packages that PROCTOR_MATRIX needs, and credentials in its URL."""
    if not is_sound("PROCTOR_MATRIX", "PROCTOR_LOCATIONS"):
        return []
    matrix = os.fspath(value_of("PROCTOR_MATRIX") or "")
    if not is_object_address(matrix) or matrix.partition(":")[0] in matrix_schemes():
        return []
    found: list[checks.CheckMessage] = []
    try:
        # The matrix is not read, because that would need the network.
        ObjectLocation(matrix, timeout=1, max_bytes=1)
    except ConfigurationError as error:
        found.append(
            checks.Error(
                f"PROCTOR_MATRIX cannot be read: {error}.",
                hint="Install the package that the message names, or correct the address.",
                id="proctor.E019",
            )
        )
    if has_credentials(matrix):
        found.append(
            checks.Warning(
                f"PROCTOR_MATRIX, {public_address(matrix)!r}, contains a user name or a password.",
                hint="Remove the credentials; the store's library reads them from the environment.",
                id="proctor.W028",
            )
        )
    return found
