"""Find the path of the demo's database, before the settings exist."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

__all__ = ["find_database"]

_NAME = "demo.sqlite3"


def find_database(checkout: Path) -> Path:
    """Return the path of the demo's database, which is in *checkout* if that is writable.

    Otherwise it is in the user's own directory below the temporary directory, where the next start
    finds it again.
    """
    found = checkout / _NAME
    if _is_writable(checkout) and (not found.exists() or os.access(found, os.W_OK)):
        return found
    return _private_directory() / _NAME


def _is_writable(directory: Path) -> bool:
    # Create a file to find out, because os.access does not detect every obstacle. SQLite also
    # creates files next to its database.
    try:
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False


def _private_directory() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else "user"
    directory = Path(tempfile.gettempdir()) / f"django-proctor-demo-{user}"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        status = directory.lstat()
    except OSError:
        return Path(tempfile.mkdtemp(prefix="django-proctor-demo-"))
    is_ours = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    # Check the type and the owner, because anyone can create a directory or link with this name.
    if stat.S_ISDIR(status.st_mode) and is_ours and _is_writable(directory):
        return directory
    return Path(tempfile.mkdtemp(prefix="django-proctor-demo-"))
