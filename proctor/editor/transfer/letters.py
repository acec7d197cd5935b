"""Find the allocation ids that tests had before an import, to avoid reusing their letters."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.definitions.reading import read_definition
from proctor.core.authoring.ids.saved_ids import used_ids
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.trees.tree import DEFINITION_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["LettersRefused", "read_letters"]

#: Git revisions that may be the trunk in a clone of a Proctor Webapp's repository, the most likely
#: first.
_TRUNKS = ("trunk", "origin/trunk", "HEAD")


class LettersRefused(ValueError):  # noqa: N818 - says what happened to the request
    """Raised if the allocation ids that tests had before the import cannot be read."""


def read_letters(path: Path) -> dict[str, list[str]]:
    """Return all allocation ids that each test has ever had, with the test names as keys.

    *path* is either a git clone of a Proctor Webapp's repository, whose trunk history is read, or a
    JSON file such as `{"buttontst": ["#A1", "#B3"]}`. Raises LettersRefused if it cannot be read.
    """
    return _of_clone(path) if path.is_dir() else _of_file(path)


def _of_file(path: Path) -> dict[str, list[str]]:
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LettersRefused(f"cannot read {path}: {error}") from error
    if not isinstance(document, dict) or not all(map(_are_texts, document.values())):
        raise LettersRefused(f'{path}: expected {{"test": ["#A1", ...], ...}}')
    return document


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _of_clone(path: Path) -> dict[str, list[str]]:
    trunk = next((each for each in _TRUNKS if _has(path, each)), None)
    if trunk is None:
        raise LettersRefused(f"{path} is not a git clone with commits")
    found: dict[str, set[str]] = defaultdict(set)
    for name, content in _versions(path, trunk):
        try:
            definition = read_definition(content, name)
        except Refusal:
            continue  # an invalid definition was never served, so its ids were never used
        if definition is not None:
            found[name].update(used_ids([definition.test]))
    return {name: sorted(ids) for name, ids in found.items()}


def _has(path: Path, revision: str) -> bool:
    command = ["git", "-C", str(path), "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"]
    return _run(command, check=False).returncode == 0


def _run(
    command: list[str], *, given: bytes | None = None, check: bool = True
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - git, with a path that the operator names
            command, input=given, capture_output=True, check=check
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise LettersRefused(f"git failed: {error}") from error


def _versions(path: Path, trunk: str) -> Iterator[tuple[str, bytes]]:
    """Yield each version of each definition on trunk, with the name of its test."""
    git = ["git", "-C", str(path)]
    listed = _run([*git, "rev-list", "--objects", trunk]).stdout.decode("utf-8", "replace")
    blobs = {}
    for line in listed.splitlines():
        digest, _, name = line.partition(" ")
        parts = name.split("/")
        if parts[-1] == DEFINITION_FILE and len(parts) > 1:
            blobs[digest] = parts[-2]
    output = _run([*git, "cat-file", "--batch"], given="\n".join(blobs).encode()).stdout
    start = 0
    for name in blobs.values():
        end = output.index(b"\n", start)
        size = int(output[start:end].split()[-1])
        yield name, output[end + 1 : end + 1 + size]
        start = end + size + 2
