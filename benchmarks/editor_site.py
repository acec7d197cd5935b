"""The data for `benchmarks/editor.py`: tests with their histories, an application and a user."""

from __future__ import annotations

import functools
import json
from typing import Any

__all__ = ["FEW", "TESTS", "boss", "document", "fill", "name_of", "register_application"]

TESTS = 10_000
#: The number of stored tests when queries are counted for the first time.
FEW = 100
#: The number of revisions of each test, by branch.
REVISIONS = {"trunk": 3, "production": 2}
#: The number of rows that are written at once.
BATCH = 2000


def name_of(number: int) -> str:
    """Return the name of the test with this number."""
    return f"test{number}x"


def document(number: int, **changes: object) -> dict[str, Any]:
    """Return a definition: every fourth test has a rule, every tenth depends on another test."""
    from tests.editor.samples import document as sample  # noqa: PLC0415 - needs Django's settings

    rule = "${country == 'US'}" if number % 4 == 0 else None
    parent = None
    if number % 10 == 9:
        parent = {"testName": name_of(number - number % 10), "bucketValue": 1}
    return sample(salt=f"&{name_of(number)}", rule=rule, dependsOn=parent, **changes)


def fill(numbers: range) -> None:
    """Store the tests with these *numbers*, each with the revisions that `REVISIONS` specifies."""
    from django.utils import timezone  # noqa: PLC0415 - likewise, as all below

    from proctor.editor.models import Branch, Head, Revision  # noqa: PLC0415
    from proctor.editor.publishing.texts import parse, write  # noqa: PLC0415
    from proctor.editor.revision_ids import new_revision_id  # noqa: PLC0415

    texts = {}
    for number in numbers:
        definition = parse(json.dumps(document(number)), name_of(number))
        texts[name_of(number)] = (write(definition.with_version("?")), definition)
    for name, count in REVISIONS.items():
        branch, _ = Branch.objects.get_or_create(name=name)
        newest: dict[str, Revision] = {}
        for version in range(branch.version + 1, branch.version + count + 1):
            rows = []
            for test, (text, _) in texts.items():
                identifier = new_revision_id()
                rows.append(
                    Revision(
                        id=identifier,
                        branch=branch,
                        test=test,
                        definition=text.replace('"?"', f'"{identifier}"'),
                        version=version,
                        made_from=newest.get(test),
                        kind="import",
                        author="benchmark",
                        message=f"revision {version}",
                        time=timezone.now(),
                    )
                )
            Revision.objects.bulk_create(rows, batch_size=BATCH)
            newest = {each.test: each for each in rows}
        branch.version += count
        branch.latest = min(each.id for each in newest.values())
        branch.save()
        heads = []
        for test, revision in newest.items():
            parent = texts[test][1].test.depends_on
            depends_on = "" if parent is None else parent.test_name or ""
            heads.append(Head(branch=branch, test=test, revision=revision, depends_on=depends_on))
        Head.objects.bulk_create(heads, batch_size=BATCH)


def register_application() -> None:
    """Register an application that declares the first `FEW` tests."""
    from proctor.editor.access.permissions import command  # noqa: PLC0415
    from proctor.editor.applications.registering import register  # noqa: PLC0415

    tests = {
        name_of(number): {"buckets": {"inactive": -1, "control": 0, "blue": 1}, "fallbackValue": 0}
        for number in range(FEW)
    }
    specification = {"tests": tests, "providedContext": {"country": "String"}}
    register(command(), "shop", "production", json.dumps(specification), whole_matrix=True)


@functools.cache
def boss() -> Any:
    """Return a superuser, who has every permission."""
    from django.contrib.auth.models import User  # noqa: PLC0415

    found = User.objects.filter(username="boss").first()
    return found or User.objects.create_superuser("boss")
