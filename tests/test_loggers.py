"""docs/operations.md lists exactly the loggers in the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "proctor").rglob("*.py"))

#: Looks up loggers by names that other packages use.
LOOKS_UP = ROOT / "proctor" / "management" / "live_matrix.py"


def logger_calls(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func).endswith("getLogger")]


def names_in_code() -> set[str]:
    calls = [call for path in FILES for call in logger_calls(path)]
    return {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}


def names_in_docs() -> list[str]:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    part = text.partition("## Loggers")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([\w.]+)` \|", part, re.MULTILINE)


def test_the_page_lists_every_logger_once() -> None:
    assert sorted(names_in_docs()) == sorted(names_in_code())


def test_every_logger_has_a_fixed_name() -> None:
    # `__name__` would change if the module moves, and sites would have to change their settings.
    fixed = [call.args[0] for path in FILES for call in logger_calls(path)]
    assert [ast.unparse(each) for each in fixed if not isinstance(each, ast.Constant)] == []


def test_names_that_are_looked_up_are_names_of_loggers() -> None:
    text = LOOKS_UP.read_text(encoding="utf-8")
    found = set(re.findall(r'"(proctor\.\w+)"', text))
    assert found
    assert found <= names_in_code()
