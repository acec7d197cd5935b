"""Fixtures that run the command in this process, and create trees of definitions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from proctor.cli.main import main
from tests.core.small_matrices import definition

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]


def described(**fields: Any) -> dict[str, Any]:
    """Return a small definition with a description, which an editor requires."""
    return definition(**{"description": "small", **fields})


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs the command and returns its exit code, output and errors."""

    def run_it(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as error:
            code = int(error.code or 0)
        return code, *capsys.readouterr()

    return run_it


@pytest.fixture
def make_tree(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes definitions: texts, or fields of a small definition."""

    def make(name: str = "tree", **tests: Any) -> Path:
        root = tmp_path / name / "test-definitions"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        for test, content in tests.items():
            text = content if isinstance(content, str) else json.dumps(described(**content))
            (root / test).mkdir()
            (root / test / "definition.json").write_text(text, encoding="utf-8")
        return root.parent

    return make
