"""A process that edits or reads a test: `python -m tests.editor.worker JOB [ARGUMENTS]`.

EDITOR_DATABASE names its database, see `tests.editor.settings`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.editor.settings")
django.setup()

from proctor.editor.access.permissions import command, person  # noqa: E402
from proctor.editor.changes import services  # noqa: E402
from proctor.editor.changes.proposed import publish_proposal  # noqa: E402
from proctor.editor.changes.updating import update_proposal  # noqa: E402
from proctor.editor.errors import Changed, Conflict, EditorError  # noqa: E402
from proctor.editor.models import Proposal  # noqa: E402
from proctor.editor.proposals.deciding import approve  # noqa: E402
from proctor.editor.publishing.heads import find_head  # noqa: E402
from proctor.editor.serving.branch_matrix import read_matrix  # noqa: E402
from tests.editor.samples import document, text_of  # noqa: E402

NAME = "buttontst"


def edit(author, count):
    """Edit the test *count* times, despite other writers; print the ids of the revisions."""
    for number in range(int(count)):
        while True:
            head = find_head(NAME, "trunk")
            try:
                done = services.edit(
                    command(author),
                    NAME,
                    text_of(description=f"{author} {number}"),
                    base=head and head.id,
                )
            except Conflict:
                continue
            print(done.revision.id, flush=True)
            break


def edit_by_api(author, count):
    """Do the same through the API with a token; after a conflict, retry on the new head."""
    from django.contrib.auth.models import User

    from proctor.editor.access.tokens import Scope
    from tests.editor.api_client import api_of

    api = api_of(User.objects.create_superuser(author), [Scope.EDIT])
    base = None
    for number in range(int(count)):
        while True:
            answer = api.put(document(description=f"{author} {number}"), base)
            found = answer.json()
            if answer.status_code != 409:
                break
            base = found["head"] and found["head"]["revision"]
        assert answer.status_code in (200, 201), found
        base = found["revision"]
        print(base, flush=True)


def publish(author, number, gate):
    """Publish the proposal once the file *gate* exists; print the revision, or the error."""
    from django.contrib.auth.models import User

    actor = person(User.objects.get(username=author))
    while not Path(gate).exists():
        time.sleep(0.001)
    try:
        print(publish_proposal(actor, int(number)).revision.id, flush=True)
    except EditorError as error:
        print(error.code, flush=True)


def approve_while_edited(author, number, count):
    """Approve the proposal as it was read, repeatedly; print the last approved content."""
    from django.contrib.auth.models import User

    actor = person(User.objects.get(username=author))
    for _ in range(int(count)):
        found = Proposal.objects.get(pk=number)
        try:
            approve(actor, found.pk, content=found.content_hash, base=found.base_id)
        except Changed:
            continue
    print("done", flush=True)


def update(author, number, count):
    """Change the proposal *count* times."""
    from django.contrib.auth.models import User

    actor = person(User.objects.get(username=author))
    for turn in range(int(count)):
        found = Proposal.objects.get(pk=number)
        text = text_of(description=f"{author} {turn}")
        update_proposal(actor, found.pk, text, content=found.content_hash, base=found.base_id)
    print("done", flush=True)


def propose(_name):
    """Create two people and an approved proposal of the first one; print its number."""
    from django.contrib.auth.models import User

    ada, grace = (person(User.objects.create_superuser(name)) for name in ("ada", "grace"))
    done = services.edit(ada, NAME, text_of(), base=None, review=True)
    found = done.proposal
    approve(grace, found.pk, content=found.content_hash, base=found.base_id)
    print(found.pk, flush=True)


def poll(seconds):
    """Read for *seconds* from the first publication on; print each version, once.

    A version is printed with the digest of its content.
    """
    seen, matrix, is_published = {}, None, False
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        whole = read_matrix("trunk")
        matrix = read_matrix("trunk", matrix) or matrix
        if matrix.version and not is_published:
            is_published, ends = True, time.monotonic() + float(seconds)
        for found in (whole, matrix):
            content = {name: test.description for name, test in found.matrix.tests.items()}
            known = seen.setdefault(str(found.version), [found.name, content])
            if known != [found.name, content]:
                print(json.dumps(["TWO CONTENTS", found.version, known, found.name]), flush=True)
    print(json.dumps(seen), flush=True)


def watch(_name):
    """Load the matrix continuously; print each description of the test."""
    from proctor.core.sources.source import MatrixSource
    from proctor.editor.serving.location import EditorLocation

    source = MatrixSource(
        "editor:trunk", locations={"editor": EditorLocation}, reload_interval=0.05, wait=30
    )
    printed = None
    while True:
        found = source.current().proctor.definition(NAME).description
        if found != printed:
            print(found, flush=True)
            printed = found
        time.sleep(0.05)


def hang(_name):
    """Publish two tests on two branches, and hang before the commit."""
    from proctor.editor.publishing import publishing

    def stop(*_args):
        print("inside", flush=True)
        time.sleep(600)

    publishing._hold = stop
    services.edit(command("killed"), "killedtst", text_of(salt="&k"), base=None)


def schedule(count, minutes):
    """Schedule a ramp of two steps for *count* tests, due one second after the other.

    The first one is due in *minutes*, which may be negative.
    """
    from datetime import timedelta

    from django.utils import timezone

    from proctor.editor.publishing import clock
    from proctor.editor.schedules import services as schedules
    from proctor.editor.schedules.planning import Wanted
    from tests.editor.schedules import ADA, live, running_test

    # As if it had been created a day ago.
    clock._EPOCH.update({name: f"({each} - 86400)" for name, each in clock._EPOCH.items()})
    first = timezone.now() + timedelta(minutes=float(minutes))
    for number in range(int(count)):
        name = f"n{number:03}tst"
        head = running_test(name, branch="trunk")
        due = first + timedelta(seconds=int(count) - number)
        steps = [Wanted(due, live(0.5)), Wanted(due + timedelta(seconds=0.5), live(1.0))]
        schedules.schedule(ADA, name, "trunk", steps, base=head.id)


def publish_due_steps(seconds, hours):
    """Evaluate the matrix with a clock that is off by *hours*; print the published steps.

    End after *seconds*, or when nothing is scheduled any longer.
    """
    from datetime import timedelta

    from django.utils import timezone

    from proctor.core.sources.source import MatrixSource
    from proctor.editor.models import Branch
    from proctor.editor.serving.location import EditorLocation
    from proctor.editor.signals import published

    now, real = timezone.now, time.time
    timezone.now = lambda: now() + timedelta(hours=float(hours))
    time.time = lambda: real() + float(hours) * 3600

    def show(revisions, **_others):
        for each in revisions:
            print(each.test, each.id, flush=True)

    published.connect(show)
    source = MatrixSource(
        "editor:trunk", locations={"editor": EditorLocation}, reload_interval=0.05, wait=30
    )
    ends = time.monotonic() + float(seconds)
    while time.monotonic() < ends and Branch.objects.exclude(next_due=None).exists():
        source.current()
        time.sleep(0.1)
    # The last steps may be committed by a thread that has yet to send their signals.
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(60)


def hang_when_due(_name):
    """Publish the due steps, and hang before the commit."""
    from proctor.editor.publishing import publishing
    from proctor.editor.schedules.publisher import publish_due

    def stop(*_args):
        print("inside", flush=True)
        time.sleep(600)

    publishing._hold = stop
    list(publish_due())


if __name__ == "__main__":
    jobs = {
        "edit": edit,
        "api": edit_by_api,
        "poll": poll,
        "watch": watch,
        "hang": hang,
        "propose": propose,
        "publish": publish,
        "approve": approve_while_edited,
        "update": update,
        "schedule": schedule,
        "publish-due": publish_due_steps,
        "hang-due": hang_when_due,
    }
    jobs[sys.argv[1]](*sys.argv[2:])
