"""The form of a definition after it is written and read again: doubles have at most ten decimals.

Checks use this form, because it is the one that the engine loads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.authoring.definitions.reading import read_definition
from proctor.core.authoring.definitions.writing import definition_text

if TYPE_CHECKING:
    from proctor.core.authoring.definitions.definition import Definition

__all__ = ["as_written"]


def as_written(definition: Definition) -> Definition:
    """Return *definition* as if it had been written and read again, including unknown fields.

    Raises Refusal for a number that JSON cannot express.
    """
    read = read_definition(definition_text(definition), definition.name)
    assert read is not None
    return read
