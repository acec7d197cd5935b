"""The SQL syntax of each database for names, strings, and positions computed with MD5."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from proctor.core.exceptions import ConfigurationError
from proctor.core.messages import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DIALECTS", "Dialect"]

#: SQL that converts an unsigned 32-bit number to a signed one.
_SIGNED = "MOD({0} + 2147483648, 4294967296) - 2147483648"

_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The SQL syntax of one database."""

    name: str
    #: SQL that computes the position. Placeholders: {prefix} (a literal) and {id} (a column).
    position: str
    double: str
    quote: str = '"'
    #: True if simple names must not be quoted, because the database stores them in upper case.
    bare_names: bool = False
    #: True if a backslash in a string escapes the next character.
    backslashes: bool = False
    #: True if the database, unlike Java, does not treat NaN as greater than all other numbers.
    nan_is_unordered: bool = False

    def column(self, name: str) -> str:
        """Return a column name in quotes (in Snowflake, only if they are necessary).

        A dot separates the table from the column.
        """
        return ".".join(self._quoted(each) for each in name.split("."))

    def _quoted(self, name: str) -> str:
        if not name or "\\" in name or not name.isprintable():
            raise ConfigurationError(f"Expected the name of a column, got {shown(name)}")
        if self.bare_names and _SIMPLE.fullmatch(name):
            return name
        if self.quote == "`" and "`" in name:
            raise ConfigurationError(f"Expected a column's name without `, got {shown(name)}")
        return f"{self.quote}{name.replace(self.quote, self.quote * 2)}{self.quote}"

    def text(self, value: str) -> str:
        """Return a string as an SQL literal.

        Raises ConfigurationError if the string contains a character that SQL cannot express.
        """
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise ConfigurationError(f"SQL cannot express the string {shown(value)}")
        if not self.backslashes:
            return "'" + value.replace("'", "''") + "'"
        # Dollar signs are escaped, because Spark replaces ${...} even in strings.
        return "'" + re.sub(r"[\\'$\x00-\x1f\x7f]", _escaped, value) + "'"

    def number(self, value: float) -> str:
        """Return a number as an SQL literal."""
        if isinstance(value, float):
            return f"CAST('{value!r}' AS {self.double})"
        return str(value)

    def position_of(self, prefix: str, column: str) -> str:
        """Return SQL that computes positions (-2**31 to 2**31 - 1) from a column of identifiers."""
        return self.position.format(prefix=self.text(prefix), id=column)


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    return f"\\{char}" if char in "\\'" else f"\\u{ord(char):04x}"


DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        each.name: each
        for each in (
            Dialect(
                "duckdb",
                _SIGNED.format(
                    "CAST('0x' || substr(md5({prefix} || CAST({id} AS VARCHAR)), 25, 8) AS BIGINT)"
                ),
                "DOUBLE",
            ),
            Dialect(
                "bigquery",
                _SIGNED.format(
                    "CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CONCAT({prefix}, CAST({id} AS STRING)))), "
                    "25, 8)) AS INT64)"
                ),
                "FLOAT64",
                quote="`",
                backslashes=True,
                nan_is_unordered=True,
            ),
            Dialect(
                "snowflake",
                _SIGNED.format(
                    "TO_NUMBER(SUBSTR(MD5(CONCAT({prefix}, CAST({id} AS VARCHAR))), 25, 8), "
                    "'XXXXXXXX')"
                ),
                "DOUBLE",
                bare_names=True,
                backslashes=True,
            ),
            Dialect(
                "spark",
                _SIGNED.format(
                    "CAST(CONV(SUBSTR(MD5(CONCAT({prefix}, CAST({id} AS STRING))), 25, 8), 16, 10) "
                    "AS BIGINT)"
                ),
                "DOUBLE",
                quote="`",
                backslashes=True,
            ),
            Dialect(
                "postgres",
                "CAST(CAST('x' || substr(md5(convert_to({prefix} || CAST({id} AS TEXT), 'UTF8')), "
                "25, 8) AS BIT(32)) AS INTEGER)",
                "DOUBLE PRECISION",
            ),
        )
    }
)
