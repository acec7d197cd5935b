"""The hook and the CI job on the page about git, run in a real repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from proctor.core import Matrix
from tests.fences import ROOT, fences

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = ROOT / "docs" / "git.md"
COLOR = (ROOT / "examples" / "color.json").read_text(encoding="utf-8")
#: Written manually: all visitors of control would jump.
CARELESS = COLOR.replace("0.8", "0.6").replace("0.1", "0.2")

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


class Repository:
    """A repository with one definition, and commands to run in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / "test-definitions" / "colortst" / "definition.json"
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_NAME": "ann" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "ann@example.com" for who in ("AUTHOR", "COMMITTER")},
        }
        for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "DJANGO_SETTINGS_MODULE"):
            self.environment.pop(name, None)

    def run(
        self, command: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the repository."""
        return subprocess.run(
            ["sh", "-ec", command],
            cwd=self.path,
            env={**self.environment, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )

    def write(self, text: str) -> None:
        """Write the definition and stage it."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(text, encoding="utf-8")
        assert self.run("git add --all").returncode == 0

    def commit(self, options: str = "") -> subprocess.CompletedProcess[str]:
        """Commit the staged changes."""
        return self.run(f"git commit --quiet --message change {options}")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    path = tmp_path / "tests"
    path.mkdir()
    made = Repository(path)
    assert made.run("git init --quiet --initial-branch main").returncode == 0
    return made


@pytest.fixture
def hooked(repository: Repository) -> Repository:
    """The repository with the page's hook."""
    [hook] = [each.body for each in fences(PAGE, "sh") if "git checkout-index" in each.body]
    file = repository.path / ".git" / "hooks" / "pre-commit"
    file.parent.mkdir(exist_ok=True)
    file.write_text(hook, encoding="utf-8")
    file.chmod(0o755)
    return repository


def test_the_hook_takes_the_first_commit_and_a_ramp(hooked: Repository) -> None:
    hooked.write(COLOR)
    first = hooked.commit()
    assert first.returncode == 0, first.stdout
    ramp = "python -m proctor ramp . colortst control=20% active=20% -i"
    assert hooked.run(ramp).returncode == 0
    hooked.write(hooked.file.read_text(encoding="utf-8"))
    second = hooked.commit()
    assert second.returncode == 0, second.stdout
    assert "nobody jumps" in second.stdout


def test_the_hook_refuses_a_commit_with_which_visitors_jump(hooked: Repository) -> None:
    hooked.write(COLOR)
    hooked.commit()
    hooked.write(CARELESS)
    refused = hooked.commit()
    assert refused.returncode == 1
    assert "10 % jump from control to active" in refused.stdout
    assert hooked.commit("--no-verify").returncode == 0


def test_the_hook_refuses_a_broken_definition(hooked: Repository) -> None:
    hooked.write(COLOR.replace("0.8", "0.7"))
    refused = hooked.commit()
    assert refused.returncode == 1
    assert "dropped: colortst" in refused.stdout


def test_the_hook_looks_at_what_is_staged(hooked: Repository) -> None:
    hooked.write(COLOR)
    hooked.file.write_text("{", encoding="utf-8")
    committed = hooked.commit()
    assert committed.returncode == 0, committed.stdout


def steps() -> list[str]:
    """The commands of the page's workflow, except the installation."""
    [job] = [each.body for each in fences(PAGE, "yaml")]
    found: list[str] = re.findall(r"^ +- run: (.+)$", job, re.MULTILINE)
    assert found[0].startswith("python -m pip install")
    return found[1:]


@pytest.fixture
def checkout(repository: Repository, tmp_path: Path) -> Repository:
    """A clone as in CI, on a branch that is not merged yet."""
    repository.write(COLOR)
    assert repository.commit().returncode == 0
    assert repository.run("git switch --quiet --create change").returncode == 0
    cloned = Repository(tmp_path / "checkout")
    result = repository.run(f"git clone --quiet . '{cloned.path}'")
    assert result.returncode == 0, result.stdout
    return cloned


def run_job(checkout: Repository, tmp_path: Path) -> tuple[int, str, str]:
    """Run the steps until one fails; return its exit code, all output, and the summary."""
    summary = tmp_path / "summary.md"
    summary.touch()
    runner = tmp_path / "runner"
    runner.mkdir()
    environment = {
        "RUNNER_TEMP": str(runner),
        "GITHUB_BASE_REF": "main",
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_SHA": "0fb3a91",
        "GITHUB_ACTOR": "ann",
    }
    output = ""
    for step in steps():
        result = checkout.run(step, environment)
        output += result.stdout
        if result.returncode:
            return result.returncode, output, summary.read_text(encoding="utf-8")
    return 0, output, summary.read_text(encoding="utf-8")


def test_the_job_reviews_and_builds(checkout: Repository, tmp_path: Path) -> None:
    ramp = "python -m proctor ramp . colortst control=20% active=20% -i"
    assert checkout.run(ramp).returncode == 0
    checkout.write(checkout.file.read_text(encoding="utf-8"))
    assert checkout.commit().returncode == 0
    code, output, summary = run_job(checkout, tmp_path)
    assert code == 0, output
    assert summary.startswith("### Proctor review: 1 test: 1 no risk")
    matrix = Matrix.load(tmp_path / "runner" / "matrix.json")
    assert (matrix.audit.version, matrix.audit.updated_by) == ("0fb3a91", "ann")
    assert matrix.tests.keys() == {"colortst"}


def test_the_job_fails_if_visitors_would_jump(checkout: Repository, tmp_path: Path) -> None:
    checkout.write(CARELESS)
    assert checkout.commit().returncode == 0
    code, output, summary = run_job(checkout, tmp_path)
    assert code == 1, output
    assert "**Danger:**" in summary
    assert not (tmp_path / "runner" / "matrix.json").exists()
