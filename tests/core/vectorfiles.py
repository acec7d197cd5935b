"""Reads the conformance vectors, compressed or not."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def conformance_directory() -> Path:
    """Return the directory of the project's copy of the vectors."""
    return Path(__file__).parent / "conformance"


def read_jsonl(directory: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of a file such as `load.jsonl` or `assignments/types.jsonl`.

    The file may also be stored as `NAME.gz`. Some strings contain a lone surrogate on purpose.
    """
    plain, compressed = directory / name, directory / f"{name}.gz"
    text = plain.read_bytes() if plain.exists() else gzip.decompress(compressed.read_bytes())
    for line in text.decode("ascii").splitlines():
        yield json.loads(line)


def read_matrix_text(directory: Path, name: str) -> str:
    """Return the JSON text of a matrix, by the name in the header of an assignment."""
    return (directory / name).read_text(encoding="ascii")
