from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
@pytest.mark.skipif(
    importlib.util.find_spec("django-stubs") is None, reason="django-stubs is not installed"
)
@pytest.mark.parametrize("name", ["decorated_views.py"])
def test_a_type_checker_sees_what_is_promised(name):
    # Errors in the package itself are ignored, because it is checked elsewhere.
    command = [sys.executable, "-m", "mypy", "--follow-imports=silent", str(HERE / name)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
