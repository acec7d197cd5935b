"""Real databases for several processes: a SQLite file, and servers of PostgreSQL and MariaDB."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.fences import ROOT
from tests.live.pipet import free_port

#: Debian installs the programs here, which is not in PATH.
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def program(name):
    """Return the path of a program of a database, or None if it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    return found or next(
        (str(path / name) for path in PROGRAMS[::-1] if (path / name).exists()), None
    )


def as_user():
    """Return arguments for subprocess that drop root, which both servers refuse to run as."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def own_directory():
    """Return a directory for a server, outside of pytest's own, which only its user may enter."""
    directory = Path(tempfile.mkdtemp())
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    return directory


@contextlib.contextmanager
def postgresql_server(*, flags="-c fsync=off"):
    """Run a PostgreSQL cluster; yield an entry of DATABASES for it."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    initdb, control = program("initdb"), program("pg_ctl")
    if initdb is None or control is None:
        pytest.skip("PostgreSQL is not installed")
    directory, port = own_directory(), free_port()
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


class MariaDB:
    """A MariaDB server in a directory of its own, which a test may kill and start again."""

    def __init__(self, server, install):
        self.directory, self.port = own_directory(), free_port()
        self.data = self.directory / "data"
        self._server, self._process = server, None
        words = ("--auth-root-authentication-method=normal", "--skip-test-db")
        self._run(install, "--no-defaults", f"--datadir={self.data}", *words)
        # The user may connect by TCP, as processes of a site do.
        sql = "CREATE USER tester IDENTIFIED BY 'x';\nGRANT ALL ON *.* TO tester;\n"
        self._users = self.directory / "users.sql"
        self._users.write_text(sql, encoding="utf-8")

    def _run(self, *command):
        with (self.directory / "log").open("a") as log:
            subprocess.run(command, check=True, stdout=log, stderr=log, **as_user())

    @property
    def entry(self):
        """An entry of DATABASES."""
        return {
            "ENGINE": "django.db.backends.mysql",
            "HOST": "127.0.0.1",
            "PORT": self.port,
            "USER": "tester",
            "PASSWORD": "x",
            "NAME": "proctor",
        }

    def start(self):
        """Start the server and wait until it answers."""
        import MySQLdb

        options = (
            f"--datadir={self.data}",
            f"--socket={self.directory / 'socket'}",
            f"--pid-file={self.directory / 'pid'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            # Otherwise an anonymous user of localhost comes before ours.
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            "--innodb-buffer-pool-size=64M",
            # The data must survive a killed process, but not a crash of the machine.
            "--innodb-flush-log-at-trx-commit=2",
        )
        # Only the first start makes the user.
        users = [f"--init-file={self._users}"] if self._process is None else []
        with (self.directory / "log").open("a") as log:
            self._process = subprocess.Popen(
                [self._server, "--no-defaults", *options, *users],
                stdout=log,
                stderr=log,
                cwd=self.directory,
                **as_user(),
            )
        ends = time.monotonic() + 60
        while True:
            try:
                connected(self.entry, "").close()
            except MySQLdb.OperationalError:
                if self._process.poll() is not None or time.monotonic() > ends:
                    raise
                time.sleep(0.1)
            else:
                return

    def kill(self):
        """End the server at once, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def connected(entry, name=None):
    """Return a connection to a MariaDB, because pytest-django blocks Django's own."""
    import MySQLdb

    return MySQLdb.connect(
        host=entry["HOST"],
        port=entry["PORT"],
        user=entry["USER"],
        password=entry["PASSWORD"],
        database=entry["NAME"] if name is None else name,
        autocommit=True,
    )


def empty(entry, *prefixes):
    """Delete the rows of the tables in a MariaDB whose names have one of the *prefixes*.

    Migrating takes too long to do it for each test.
    """
    with contextlib.closing(connected(entry)) as connection, connection.cursor() as cursor:
        cursor.execute("SET FOREIGN_KEY_CHECKS = 0")
        cursor.execute("SHOW TABLES")
        for (table,) in cursor.fetchall():
            if table.startswith(prefixes):
                cursor.execute(f"TRUNCATE {table}")


@contextlib.contextmanager
def mariadb_server():
    """Run a MariaDB server with an empty database; yield the MariaDB."""
    pytest.importorskip("MySQLdb", reason="mysqlclient is not installed")
    server, install = program("mariadbd"), program("mariadb-install-db")
    if server is None or install is None:
        pytest.skip("MariaDB is not installed")
    mariadb = MariaDB(server, install)
    try:
        mariadb.start()
        with contextlib.closing(connected(mariadb.entry, "")) as connection:
            connection.query("CREATE DATABASE proctor")
        yield mariadb
    finally:
        mariadb.kill()
        shutil.rmtree(mariadb.directory)


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
