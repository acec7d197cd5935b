"""A string column that the database compares byte by byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    _CharField = models.CharField[str, str]
else:
    # At run time the class has no type parameters.
    _CharField = models.CharField

__all__ = ["ExactCharField"]

#: Collations that ignore the language and distinguish all letters. SQLite compares bytes anyway.
_COLLATIONS = {"mysql": "utf8mb4_bin", "postgresql": "C"}


class ExactCharField(_CharField):
    """A CharField for which `a` and `A` differ in every database.

    MySQL ignores case unless a column says otherwise, and would confuse visitors.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        """Return the type of the column, with the binary collation of the database."""
        parameters: dict[str, Any] = {**super().db_parameters(connection)}
        collation = _COLLATIONS.get(connection.vendor)
        if collation is not None:
            parameters["collation"] = collation
        return parameters
