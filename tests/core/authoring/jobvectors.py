"""Runs the vectors of promotions, deletions and searches."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.branches.applications import Application
from proctor.core.authoring.branches.auto_promotion import is_allocation_only, is_fully_inactive
from proctor.core.authoring.branches.jobs import (
    Deletion,
    Person,
    Site,
    delete_job,
    promotion_job,
)
from proctor.core.authoring.branches.promotion import Promotion
from proctor.core.authoring.branches.revisions import BRANCHES, Branch, Revision
from proctor.core.authoring.compatibility.specifications import specification_of
from proctor.core.authoring.edits.edit_jobs import edit_job
from proctor.core.authoring.edits.editing import EditRequest
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.search import Listed, Query, search
from tests.core.authoring.comparison import (
    Case,
    comparable,
    definition,
    expected,
    java_error,
    our_error,
    outcome,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from proctor.core.authoring.branches.jobs import JobResult
    from proctor.core.authoring.compatibility.specifications import Specification

Pairs = Any


def _boolean(compute: Callable[[], bool]) -> Any:
    try:
        return compute()
    except Refusal as refusal:
        return our_error(refusal)


def _java_boolean(case: Case, name: str) -> Any:
    error = case.get(f"{name}_error")
    return java_error(error) if error else case[name]


def _auto_promote(case: Case) -> Pairs:
    if case["kind"] == "flow":
        yield from _flow(case)
        return
    new = definition(case["new"])
    inactive = _boolean(lambda: is_fully_inactive(new))
    yield inactive, _java_boolean(case, "all_inactive")
    if "previous" in case:
        old = definition(case["previous"])
        yield (
            _boolean(lambda: is_allocation_only(old, new)),
            _java_boolean(case, "allocation_only"),
        )


def _applications(clients: Case) -> dict[str, tuple[Application, ...]]:
    return {
        environment: tuple(
            Application(
                each["app"],
                each["version"],
                tuple(_readable(each["specifications"])),
            )
            for each in applications
        )
        for environment, applications in clients.items()
    }


def _readable(documents: list[Any]) -> Iterator[Specification]:
    for each in documents:
        # The editor reads strictly, and skips definitions that it cannot read.
        with suppress(Refusal):
            yield specification_of(each, strict=True)


def _flow(case: Case) -> Pairs:
    test = case["test"]
    branches = {
        name: Branch(
            name,
            tuple(
                Revision(str(number), test, definition(each, test), "", f"seed {number}")
                for number, each in enumerate(documents, 1)
            ),
        )
        for name, documents in case["stores"].items()
    }
    request = EditRequest(
        test,
        json.dumps(case["new"]),
        case["is_create"],
        case["previous_revision"],
        "step",
        "erin",
        "pw",
    )
    site = Site(branches, _applications(case.get("clients", {})))
    result = edit_job(request, site, case["target"])
    yield _job(result, site, case), _java_job(case)


def _jobs(case: Case) -> Pairs:
    branches = {}
    for name, commits in case["stores"].items():
        revisions = (
            Revision(
                str(number),
                each["test"],
                definition(each["definition"], each["test"]),
                each.get("author") or "seed",
                each.get("comment") or f"seed {number}",
            )
            for number, each in enumerate(commits, 1)
        )
        branches[name] = Branch(name, tuple(revisions))
    site = Site(branches, _applications(case.get("clients", {})))
    person = Person(case["username"], case.get("password", "pw"))
    if case["action"] == "promote":
        promotion = Promotion(
            case["test"],
            case["src"],
            case["src_revision"],
            case["dest"],
            case["dest_revision"],
        )
        result = promotion_job(promotion, person, site)
    else:
        deletion = Deletion(case["test"], case["src"], case["src_revision"], case["comment"])
        result = delete_job(deletion, person, site)
    yield _job(result, site, case), _java_job(case)


def _java_job(case: Case) -> Case:
    names = ("status", "job_type", "title", "log", "end_message", "urls", "commits")
    java = {name: case[name] for name in names if name in case}
    chain: list[Case] = []
    if "error" in case:
        chain = [case["error"], *case["error"].get("causes", ())]
        java["error"] = [java_error(each) for each in chain]
    if "log" in java:
        unsaid = [each["message"] for each in chain if "message" not in java_error(each)]
        java["log"] = _comparable_log(java["log"], unsaid)
    return java


def _comparable_log(lines: Iterable[str], unsaid: list[str]) -> list[str | None]:
    """Return a log in which parts that need not match are blank."""
    said = list(filter(None, unsaid))
    return ["?" if any(text in line for text in said) else comparable(line) for line in lines]


def _job(result: JobResult, before: Site, case: Case) -> Case:
    chain = list(_chain(result.error))
    unsaid = [str(each) for each in chain if "message" not in our_error(each)]
    mine: Case = {
        "status": result.status,
        "job_type": result.kind,
        "title": result.title,
        "log": _comparable_log(result.log, unsaid),
        "end_message": result.end_message,
        "urls": [list(each) for each in result.urls],
        "commits": _commits(result.site, before, case),
    }
    if chain:
        mine["error"] = list(map(our_error, chain))
    optional = {"title", "log", "urls", "end_message"}
    return {name: value for name, value in mine.items() if name in case or name not in optional}


def _chain(error: BaseException | None) -> Iterator[Refusal]:
    while isinstance(error, Refusal):
        yield error
        error = error.__cause__


def _commits(after: Site, before: Site, case: Case) -> Case:
    fields = "author" in json.dumps(case["commits"])
    found = {}
    for name, branch in after.branches.items():
        new = branch.revisions[len(before.branch(name).revisions) :]
        if new:
            found[name] = [_commit(each, detailed=fields) for each in new]
    return found


def _commit(revision: Revision, *, detailed: bool) -> Case:
    version = revision.definition and revision.definition.version
    shown = {"revision": revision.id, "message": revision.message, "version": version}
    if detailed:
        shown |= {"author": revision.author, "deleted": revision.definition is None}
    return shown


def _search(case: Case) -> Pairs:
    lists = {
        branch: [Listed(definition(t["definition"], t["name"]), t["updated"]) for t in tests]
        for branch, tests in case["tests"].items()
    }
    for result in case["results"]:
        asked = result["query"]
        branch = asked.get("branch", "trunk").lower()
        tests = lists.get(branch if branch in BRANCHES else "trunk", [])
        java = expected(result, "names", "totalTestCount", "matchingTestCount")
        yield outcome(partial(_searched, tests, asked)), java


def _searched(tests: list[Listed], asked: Case) -> Case:
    query = Query(
        asked.get("q", ""),
        asked.get("filterType", "ALL"),
        {"ACTIVE": True, "INACTIVE": False}.get(asked.get("filterActive", "ALL")),
        asked.get("sort", "FAVORITESFIRST"),
        asked.get("favorites", "").split(","),
        asked.get("limit", 100),
    )
    found = search(tests, query)
    names = [each.name for each in found.tests]
    # Java Proctor applies the limit before it counts.
    return {"names": names, "totalTestCount": found.total, "matchingTestCount": len(names)}


JOB_CHECKS: dict[str, Callable[[Case], Pairs]] = {
    "auto_promote.jsonl": _auto_promote,
    "jobs.jsonl": _jobs,
    "search.jsonl": _search,
}
