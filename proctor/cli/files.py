"""Write a file in one step, so that it is never incomplete."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from proctor.cli.errors import CommandError


def write_file(location: str | os.PathLike[str], content: bytes) -> None:
    """Replace the content of a file in one step. If that fails, the file stays as it was.

    A symbolic link stays a link, and the permissions of the file are kept. Raises CommandError.
    """
    try:
        # Devices and pipes cannot be replaced, so write to them directly.
        path = Path(location).resolve()
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            _replace(path, content)
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or error
        raise CommandError(f"cannot write {str(location)!r}: {words}") from error


def _replace(path: Path, content: bytes) -> None:
    mode = path.stat().st_mode if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    """Return the umask of the process, which can be read only by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
