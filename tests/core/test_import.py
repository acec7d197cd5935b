"""Importing the core is fast and does not import a framework."""

from __future__ import annotations

import subprocess
import sys

import pytest


def output_of(code: str) -> str:
    """The output of a new interpreter that runs the code, with warnings as errors."""
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def modules_after(statement: str) -> set[str]:
    """Top-level modules that a new interpreter has loaded after the statement."""
    show = "import sys\nprint(*(name.partition('.')[0] for name in sys.modules))"
    return set(output_of(f"{statement}\n{show}").split())


@pytest.mark.parametrize(
    "unwanted", ["django", "appconf", "requests", "pytest", "tqdm", "asyncio", "hypothesis"]
)
def test_the_core_is_imported_without(unwanted: str) -> None:
    assert unwanted not in modules_after("import proctor.core")


def test_the_package_is_imported_without_django_or_requests() -> None:
    assert modules_after("import proctor").isdisjoint({"django", "appconf", "requests"})


def test_every_module_of_the_core_can_be_imported_without_django_and_pytest() -> None:
    # None in sys.modules makes an import of that name raise ImportError.
    blocked = "import sys; sys.modules.update(dict.fromkeys(['django', 'appconf', 'pytest']))"
    walk = (
        "import importlib, pkgutil, proctor.core as core\n"
        "for module in pkgutil.walk_packages(core.__path__, 'proctor.core.'):\n"
        "    importlib.import_module(module.name)"
    )
    assert "proctor" in modules_after(f"{blocked}\n{walk}")


def test_importing_the_core_starts_no_thread() -> None:
    assert output_of("import proctor.core, threading; print(threading.active_count())") == "1\n"
