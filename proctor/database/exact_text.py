"""Text fields whose columns the database compares exactly, character by character."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    _CharField = models.CharField[str, str]
    _TextField = models.TextField[str, str]
else:
    # At run time, these classes do not accept type parameters.
    _CharField = models.CharField
    _TextField = models.TextField

__all__ = ["ExactCharField", "ExactTextField"]


def _collation(connection: BaseDatabaseWrapper) -> str | None:
    """Return a collation in which different strings are never equal.

    None stands for SQLite's default. MySQL's `utf8mb4_bin` is not suitable, because it ignores
    trailing spaces.
    """
    if connection.vendor == "postgresql":
        return "C"
    if connection.vendor == "mysql":
        is_mariadb = getattr(connection, "mysql_is_mariadb", False)
        return "utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin"
    return None


def _exact(parameters: dict[str, Any], connection: BaseDatabaseWrapper) -> dict[str, Any]:
    collation = _collation(connection)
    return parameters if collation is None else {**parameters, "collation": collation}


class ExactCharField(_CharField):
    """A CharField for which `a`, `A` and `a ` differ in every database.

    By default, MySQL ignores case and trailing spaces.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        """Return the column's parameters, with the database's collation for exact comparison."""
        return _exact({**super().db_parameters(connection)}, connection)


class ExactTextField(_TextField):
    """A TextField that compares text like ExactCharField."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        """Return the column's parameters, with the database's collation for exact comparison."""
        return _exact({**super().db_parameters(connection)}, connection)
