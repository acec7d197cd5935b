"""Real databases for several processes: a SQLite file, and our own PostgreSQL server."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.fences import ROOT
from tests.live.pipet import free_port

#: Debian installs the programs here, which is not in PATH.
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def program(name):
    """Return the path of a PostgreSQL program, or None if it is not installed."""
    found = shutil.which(name)
    return found or next(
        (str(path / name) for path in PROGRAMS[::-1] if (path / name).exists()), None
    )


def as_user():
    """Return arguments for subprocess that drop root, which PostgreSQL refuses to run as."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def postgresql_server(*, flags="-c fsync=off"):
    """Run a PostgreSQL cluster; yield an entry of DATABASES for it."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    initdb, control = program("initdb"), program("pg_ctl")
    if initdb is None or control is None:
        pytest.skip("PostgreSQL is not installed")
    # Outside of pytest's own directory, which only its user may enter.
    directory, port = Path(tempfile.mkdtemp()), free_port()
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    data = directory / "data"

    def run(*command):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=directory, **as_user())

    # The data must survive a killed process, but not a crash of the machine.
    run(initdb, "-D", data, "-U", "tester", "-A", "trust", "-N")
    options = f"-p {port} -k {directory} -h 127.0.0.1 {flags}"
    run(control, "-D", data, "-l", directory / "log", "-w", "-o", options, "start")
    try:
        yield {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "127.0.0.1",
            "PORT": port,
            "USER": "tester",
            "NAME": "postgres",
        }
    finally:
        run(control, "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(directory)


def environment(entry):
    """Return the environment of a process that uses the database."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.editor.settings",
        "EDITOR_DATABASE": json.dumps(entry, default=str),
        "PYTHONPATH": os.pathsep.join(paths),
    }


def start(entry, *arguments, **options):
    """Start `tests.editor.worker` on the database; *options* are passed to subprocess."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.editor.worker", *map(str, arguments)],
        env=environment(entry),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        **options,
    )


def migrate(entry):
    """Create the tables."""
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "-v", "0"],
        env=environment(entry),
        cwd=ROOT,
        check=True,
    )
