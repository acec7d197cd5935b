"""Real servers whose processes pick up the editor's publications."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.request import Request, urlopen

import pytest

from tests.editor.databases import environment, migrate
from tests.fences import ROOT
from tests.live.pipet import free_port
from tests.live.serving import running

PUBLISH = """
import sys
import django; django.setup()
from proctor.editor.access.permissions import command
from proctor.editor.changes import services
from proctor.editor.publishing.heads import find_head
from tests.editor.samples import shares, text_of
everybody = {sys.argv[1]: 1.0}
ada = command("ada")
for branch in ("trunk", "production"):
    head = find_head("buttontst", branch)
    base = None if head is None else head.id
    if branch == "trunk":
        made = services.edit(
            ada, "buttontst", text_of(allocations=shares(**everybody), testType="USER"), base=base
        ).revision
    else:
        services.promote(ada, "buttontst", "trunk", branch, revision=made.id, base=base)
"""


@pytest.fixture
def entry(tmp_path):
    """A database with the editor's tables."""
    made = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": tmp_path / "editor.sqlite3",
        "OPTIONS": {"timeout": 60, "init_command": "PRAGMA journal_mode=WAL"},
    }
    migrate(made)
    return made


def publish(entry, group):
    """Give everyone a group on production, from another process."""
    subprocess.run(
        [sys.executable, "-c", PUBLISH, group], env=environment(entry), cwd=ROOT, check=True
    )


def answers(root, number=24):
    """The groups that visitors had in each process, by process id."""
    found = {}

    def ask(visitor):
        request = Request(root, headers={"Cookie": f"proctor_id={visitor}", "Connection": "close"})
        with urlopen(request, timeout=60) as response:
            return json.load(response)

    with ThreadPoolExecutor(8) as pool:
        for each in pool.map(ask, range(number)):
            found.setdefault(each["pid"], set()).add(each["group"])
    return found


def wait_for(root, group, processes):
    """Send requests until this number of processes have answered, all with this group only."""
    ends = time.monotonic() + 90
    while True:
        found = answers(root)
        if len(found) >= processes and all(groups == {group} for groups in found.values()):
            return
        assert time.monotonic() < ends, found
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("server", "processes"), [("gunicorn", 2), ("uvicorn", 1)], ids=["gunicorn", "uvicorn"]
)
def test_all_processes_follow_a_publication(entry, tmp_path, server, processes):
    pytest.importorskip(server, reason=f"{server} is not installed")
    publish(entry, "control")
    port = free_port()
    command = {
        "gunicorn": ["gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}"],
        "uvicorn": ["uvicorn", "--port", str(port)],
    }[server]
    application = "wsgi" if server == "gunicorn" else "asgi"
    own = {
        **{name: value for name, value in environment(entry).items() if name.startswith("EDITOR")},
        "DJANGO_SETTINGS_MODULE": "tests.editor.served_settings",
    }
    command = [
        *(sys.executable, "-W", "ignore", "-m"),
        *command,
        f"tests.editor.served_site:{application}",
    ]
    with running(command, port, "/", tmp_path / "log", **own) as served:
        wait_for(served.root, "control", processes)
        publish(entry, "blue")
        wait_for(served.root, "blue", processes)
