"""The wheel and the sdist, built as for a release and installed with pip."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import proctor

if TYPE_CHECKING:
    from email.message import Message

ROOT = Path(__file__).resolve().parent.parent

#: Packages of the checkout, by the folders that have an __init__.py.
PACKAGES = {
    path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "proctor").rglob("__init__.py")
}

REPOSITORY = "https://github.com/indeedeng/django-proctor"

#: If these occur in a path, the distribution contains development files.
WORKSHOP = {"tests", "testproject", "benchmarks", "conftest.py", "__pycache__", ".venv"}


def test_the_policies_say_where_to_report_and_how_long_names_last() -> None:
    assert "Report a vulnerability" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    releases = (ROOT / "docs" / "releases.md").read_text(encoding="utf-8")
    assert "## Deprecation policy" in releases
    assert "## Release checklist" in releases


def test_the_limits_of_setup_cfg_are_enforced() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    limits = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    tools = [line.strip("[]") for line in limits.splitlines() if line.startswith("[")]
    assert tools == ["pycodestyle", "flake8"]
    assert [each for each in tools if f'"$tools/bin/{each}"' not in script] == []


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    pytest.importorskip("build", reason="needs `build`, which is in the group `test`")
    source = tmp_path_factory.mktemp("source") / "checkout"
    # Build from a copy, because setuptools leaves build/ and *.egg-info behind, which could be
    # stale.
    unwanted = shutil.ignore_patterns(".*", "*.egg-info", "build", "dist", "_build", "__pycache__")
    shutil.copytree(ROOT, source, ignore=unwanted)
    folder = tmp_path_factory.mktemp("dist")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return folder


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    (path,) = distributions.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def wheel_names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="session")
def sdist_names(distributions: Path) -> list[str]:
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        # The first part is the folder django_proctor-VERSION.
        return [name.partition("/")[2] for name in archive.getnames()]


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment with the wheel but without its requirements."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)],
        check=True,
    )
    return python


def test_the_wheel_requires_django_appconf_and_requests_and_nothing_more(metadata: Message) -> None:
    required = metadata.get_all("Requires-Dist") or []
    plain = sorted(line.split(">=")[0] for line in required if "extra ==" not in line)
    assert plain == ["Django", "django-appconf", "requests"]


def test_extras_are_for_users_and_have_no_test_tools(metadata: Message) -> None:
    extras = [line for line in metadata.get_all("Requires-Dist") or [] if "extra ==" in line]
    tools = ("pytest", "hypothesis", "mypy", "ruff", "sphinx", "build")
    assert [line for line in extras if line.startswith(tools)] == []


def test_the_metadata_say_licence_and_python(metadata: Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.10"


def test_the_metadata_have_the_version_of_the_package(metadata: Message) -> None:
    assert metadata["Version"] == proctor.__version__


def test_the_readme_is_the_description(metadata: Message) -> None:
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().strip().startswith("# django-proctor")


def test_the_metadata_have_the_addresses_of_the_project(metadata: Message) -> None:
    labels = {line.split(",")[0] for line in metadata.get_all("Project-URL") or []}
    assert labels == {"Documentation", "Source", "Issues", "Changelog"}


def test_links_of_the_readme_lead_somewhere_from_pypi() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    assert [each for each in targets if not each.startswith(("https://", "http://"))] == []
    ours = [each for each in targets if each.startswith(REPOSITORY)]
    files = [re.sub(rf"{re.escape(REPOSITORY)}/(blob|tree)/main/", "", each) for each in ours]
    assert [each for each in files if not (ROOT / each).exists()] == []


def test_the_index_takes_both_distributions(distributions: Path) -> None:
    pytest.importorskip("twine", reason="needs `twine`, which is in the group `test`")
    paths = map(str, distributions.iterdir())
    command = [sys.executable, "-m", "twine", "check", "--strict", *paths]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_installed_script_says_its_name_and_version(installed: Path) -> None:
    script = installed.with_name("proctor.exe" if os.name == "nt" else "proctor")
    result = subprocess.run([str(script), "--version"], capture_output=True, text=True, check=False)
    assert result.stdout == f"django-proctor {proctor.__version__}\n", result.stderr


def test_the_wheel_says_that_it_is_typed(wheel_names: list[str]) -> None:
    assert "proctor/py.typed" in wheel_names


def test_the_wheel_has_the_licence(wheel_names: list[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel_names)


def test_the_wheel_has_every_package_of_the_checkout(wheel_names: list[str]) -> None:
    found = {name.rpartition("/")[0] for name in wheel_names if name.endswith("/__init__.py")}
    assert found == PACKAGES


def test_the_wheel_has_nothing_beside_the_package(wheel_names: list[str]) -> None:
    tops = {name.partition("/")[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"proctor"}


def test_the_wheel_has_every_file_of_the_package(wheel_names: list[str]) -> None:
    # Templates and static files are silently missing if package data is not listed.
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "proctor").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")
    }
    assert files - set(wheel_names) == set()


def test_the_sdist_has_nothing_of_the_workshop(sdist_names: list[str]) -> None:
    assert [name for name in sdist_names if WORKSHOP.intersection(name.split("/"))] == []


def test_the_sdist_has_licence_and_readme(sdist_names: list[str]) -> None:
    assert {"LICENSE", "README.md", "pyproject.toml"} <= set(sdist_names)


def test_the_installed_wheel_imports_the_core_with_pytest_and_django_blocked(
    installed: Path, tmp_path: Path
) -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['pytest', 'django']))\n"
        "import proctor.core; print(proctor.core.__file__)"
    )
    result = subprocess.run(
        [str(installed), "-I", "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert Path(result.stdout.strip()).is_relative_to(installed.parent.parent)
