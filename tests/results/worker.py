"""A process that records: `python -m tests.results.worker JOB [ARGUMENTS]`.

Environment variables name its database and its matrix, see `tests.results.settings`.
"""

from __future__ import annotations

import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.results.settings")
django.setup()

from django.test import Client  # noqa: E402

from proctor.results import flush, record  # noqa: E402
from proctor.results.recording.recorder import recorder  # noqa: E402


def say(*words):
    print(json.dumps(words), flush=True)


def wait_for(line):
    assert sys.stdin.readline().strip() == line


def visit(*numbers):
    for number in numbers:
        client = Client(headers={"cookie": f"who=v{number}"})
        assert client.get("/").content in (b"control", b"blue")


def visits(first, last):
    """Let these visitors come and buy, then end."""
    for number in range(int(first), int(last)):
        visit(number)
        record("order", identifiers={"USER": f"v{number}"}, value=number)


def again(rounds, visitors):
    """Let the same visitors come many times, as if this process forgot them."""
    for _ in range(int(rounds)):
        visit(*range(int(visitors)))
        recorder.seen = type(recorder.seen)()


def outage(count):
    """Let visitors come before, during and after an outage, on signals from the parent."""
    count = int(count)
    visit(*range(count))
    say("before", flush(30))
    wait_for("down")
    visit(*range(count, 2 * count))
    time.sleep(2)
    say("during", recorder.waiting)
    wait_for("up")
    visit(*range(2 * count, 3 * count))
    ends = time.monotonic() + 60
    while recorder.waiting and time.monotonic() < ends:
        time.sleep(0.05)
    say("after", recorder.waiting)


def fork(count):
    """Record, fork, and record on both sides; the child ends without exit handlers."""
    count = int(count)
    visit(*range(count))
    child = os.fork()
    if child == 0:
        visit(*range(count, 2 * count))
        os._exit(0 if flush(30) else 3)
    visit(*range(2 * count, 3 * count))
    assert os.waitpid(child, 0)[1] == 0


def queries(count):
    """Count the queries that pages with recording make in their own threads."""
    from django.db import connection

    made = []
    with connection.execute_wrapper(lambda execute, *rest: made.append(rest) or execute(*rest)):
        visits(0, count)
    say(len(made))


if __name__ == "__main__":
    jobs = (visits, again, outage, fork, queries)
    {job.__name__: job for job in jobs}[sys.argv[1]](*sys.argv[2:])
