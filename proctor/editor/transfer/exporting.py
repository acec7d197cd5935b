"""Export a branch as a matrix file or as a tree of definitions like Java Proctor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.authoring.definitions.writing import METADATA_TEXT
from proctor.core.authoring.trees.tree import DEFINITION_FILE, DEFINITIONS_DIRECTORY, METADATA_FILE
from proctor.core.messages import printable
from proctor.editor.models import Head
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.publishing.texts import exported
from proctor.editor.serving.branch_matrix import Lagging, matrix_json, read_matrix

if TYPE_CHECKING:
    from pathlib import Path

    from proctor.editor.transfer.importing import Progress

__all__ = ["ExportRefused", "export_matrix", "export_tree"]


class ExportRefused(ValueError):  # noqa: N818 - says what happened to the export
    """Raised if a branch cannot be exported. The message gives the reason."""


def export_matrix(branch: str, path: Path) -> int:
    """Write the matrix of a branch to a file, and return the number of tests.

    Raises OSError, and ExportRefused if a database replica lags behind.
    """
    try:
        found = read_matrix(branch, using=write_alias())
    except Lagging:
        raise ExportRefused("the database does not have all rows yet; try again") from None
    assert found is not None
    path.write_text(matrix_json(found.matrix, indent=2) + "\n", encoding="ascii")
    return len(found.matrix.tests)


def export_tree(branch: str, path: Path, progress: Progress = iter) -> int:
    """Write each test's definition.json and metadata.json, and return the number of tests.

    The files are written to `test-definitions` below *path*, which must not contain definitions
    yet. Definitions that were imported and have not been published since are written exactly as
    they were imported, byte for byte. Raises OSError, and ExportRefused before anything is written.
    """
    folder = path if path.name == DEFINITIONS_DIRECTORY else path / DEFINITIONS_DIRECTORY
    if folder.exists() and any(folder.iterdir()):
        raise ExportRefused(f"{folder} is not empty; use a new directory, or empty this one")
    heads = Head.objects.using(write_alias()).filter(branch__name=branch, is_deletion=False)
    fields = ("test", "revision__definition", "revision__original")
    rows = list(heads.order_by("test").values_list(*fields))
    bad = [printable(name) for name, _, _ in rows if not _is_folder(name)]
    if bad:
        raise ExportRefused(f"these test names cannot be used as directory names: {', '.join(bad)}")
    folder.mkdir(parents=True, exist_ok=True)
    for (name, text, original), _ in zip(rows, progress(range(len(rows))), strict=True):
        (folder / name).mkdir()
        (folder / name / DEFINITION_FILE).write_bytes(exported(name, text or "", original))
        (folder / name / METADATA_FILE).write_bytes(METADATA_TEXT.encode())
    return len(rows)


def _is_folder(name: str) -> bool:
    return name not in ("", ".", "..") and not any(each in name for each in "/\\\0")
