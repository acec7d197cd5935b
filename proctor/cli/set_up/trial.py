"""Write the files of a plan, and undo everything unless `manage.py check` passes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proctor.cli.set_up.project import Project
    from proctor.cli.set_up.steps import Plan

__all__ = ["apply"]

#: Time limit for Django's check of a project, in seconds.
TIMEOUT = 300

#: Code that checks that the editor's URL leads to the editor, and not to an earlier pattern.
_RESOLVE = """\
import django
django.setup()
from django.urls import resolve, reverse
for name in ("proctor_editor:tests", "forcegroups"):
    found = resolve(reverse(name)).view_name
    assert found == name, f"{reverse(name)} leads to {found}"
"""


def apply(project: Project, plan: Plan) -> str | None:
    """Write the files of a plan. If Django finds a problem, restore them and return the problem."""
    written: list[tuple[Path, bytes | None]] = []
    try:
        try:
            for path, (file, text) in plan.texts.items():
                written.append((path, file.content))
                _write(path, file.encoded(text))
            for path, text in plan.created.items():
                written.append((path, None))
                _write(path, text.encode())
            problem = _problem(project, resolves=not plan.by_hand)
        except (OSError, UnicodeError) as error:
            problem = f"cannot write: {getattr(error, 'strerror', None) or error}"
    except BaseException:  # including KeyboardInterrupt
        _restore(written)
        raise
    if problem is not None:
        _restore(written)
    return problem


def _restore(written: list[tuple[Path, bytes | None]]) -> None:
    for path, content in written:
        if content is None:
            path.unlink(missing_ok=True)
        else:
            _write(path, content)


def _write(path: Path, content: bytes) -> None:
    """Replace a file in one step and keep its permissions."""
    # If the path is a symbolic link, replace the file that it points to, not the link.
    path = path.resolve()
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".proctor-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise


def _problem(project: Project, *, resolves: bool) -> str | None:
    """Return Django's message about a problem in the project, or None if there is no problem."""
    problem = _run(project, str(project.manage), "check")
    if problem is None and resolves:
        problem = _run(project, "-c", _RESOLVE)
    return problem


def _run(project: Project, *arguments: str) -> str | None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": project.settings_module,
        # Put the project's directory first in sys.path, as running manage.py does.
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(project.root), os.environ.get("PYTHONPATH")])
        ),
    }
    try:
        done = subprocess.run(  # noqa: S603 - manage.py of the project, as its owner runs it
            [sys.executable, *arguments],
            cwd=project.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"`manage.py check` took more than {TIMEOUT} seconds"
    return None if done.returncode == 0 else done.stdout.strip()[-4000:]
