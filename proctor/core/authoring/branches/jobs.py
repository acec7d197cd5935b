"""Jobs: promotions and deletions, as Java Proctor reports them  [BackgroundJob].

A job returns new branches, or the reason why it failed. The job's title, log and links match Java
Proctor's page word for word, except that times are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from proctor.core.authoring.branches.applications import deletion_errors, promotion_errors, users
from proctor.core.authoring.branches.promotion import PRODUCTION, QA, Promotion, check_pair, promote
from proctor.core.authoring.branches.revisions import BRANCHES, Branch, Revision
from proctor.core.authoring.edits.editing import check_credentials
from proctor.core.authoring.refusals import Refusal, refuse
from proctor.core.sentences import Sentence, gettext_noop, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proctor.core.authoring.branches.applications import Application

__all__ = [
    "DONE",
    "FAILED",
    "PARTIAL_SUCCESS",
    "Deletion",
    "JobResult",
    "Person",
    "Site",
    "delete_job",
    "promote_in",
    "promotion_job",
    "run_job",
]

DONE, FAILED, PARTIAL_SUCCESS = "DONE", "FAILED", "PARTIAL SUCCESS"


@dataclass(frozen=True, slots=True)
class Person:
    """The user who requested the job."""

    username: str
    password: str = ""
    #: The author of the revision. If empty, the user is the author.
    author: str = ""

    @property
    def title(self) -> str:
        """The beginning of a job's title, which names the user."""
        return f"(username:{self.username} author:{self.author or self.username})"


@dataclass(frozen=True, slots=True)
class Site:
    """The branches, and the applications that run in each branch's environment."""

    branches: Mapping[str, Branch] = field(default_factory=dict)
    applications: Mapping[str, tuple[Application, ...]] = field(default_factory=dict)

    def branch(self, name: str) -> Branch:
        """Return a branch; it has no revisions if nothing has been saved on it."""
        return self.branches.get(name) or Branch(name)

    def with_branch(self, branch: Branch) -> Site:
        """Return the site with one branch replaced."""
        return Site({**self.branches, branch.name: branch}, self.applications)

    def users(self, branch: str, test: str) -> list[Application]:
        """Return the applications of a branch that use the current version of a test."""
        return users(self.branch(branch), test, self.applications.get(branch, ()))


@dataclass(frozen=True, slots=True)
class JobResult:
    """The result of a job."""

    status: str
    #: The kind of job, such as `test-promotion`, `test-deletion` or `test-edit-promotion-qa`.
    kind: str
    title: str
    log: tuple[str, ...]
    #: The site as it is after the job.
    site: Site
    #: Links, each as a URL and the text of the link.
    urls: tuple[tuple[str, str], ...] = ()
    end_message: str | None = None
    error: Refusal | None = None


class Job:
    """The log, the links and the state of a job while it is running."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.lines: list[str] = []
        self.urls: list[tuple[str, str]] = []
        self.end_message: str | None = None

    def log(self, line: str) -> None:
        """Add a line to the log."""
        self.lines.append(line)

    def link(self, test: str, branch: str) -> None:
        """Add a link to a test on a branch."""
        address = f"/proctor/definition/{test}?branch={branch}"
        self.urls.append((address, f"view {test} on {branch}"))

    def log_failure(self, head: str, refusal: Refusal) -> None:
        """Log a Refusal and its causes, each cause indented one level deeper."""
        self.log(head)
        cause: BaseException | None = refusal
        level = ""
        while isinstance(cause, Refusal):
            self.log(f"{level}{cause.java_message or cause}")
            level += "-- "
            cause = cause.__cause__


def run_job(site: Site, kind: str, title: str, work: Callable[[Job], None]) -> JobResult:
    """Call *work* with a new job, and return the job's result.

    The job fails if *work* raises a Refusal.
    """
    job = Job(site)
    status, error = DONE, None
    try:
        work(job)
    except Refusal as refusal:
        partial = refusal.code == "not-promoted"
        status = PARTIAL_SUCCESS if partial else FAILED
        job.log_failure("Partial Success:" if partial else "Failed:", refusal)
        error = refusal
    return JobResult(
        status,
        kind,
        title,
        tuple(job.lines),
        job.site,
        tuple(job.urls),
        job.end_message,
        error,
    )


def _shown(revision: str) -> str:
    """Return a revision as shown in titles and logs: at most its first seven characters."""
    return revision[:7] or " "


def promotion_job(promotion: Promotion, person: Person, site: Site) -> JobResult:
    """Promote a test if all applications that use it at the destination can load it."""
    title = (
        f"{person.title} promoting {promotion.test} {promotion.source} "
        f"{_shown(promotion.revision)} to {promotion.destination}"
    )

    def work(job: Job) -> None:
        promote_in(job, promotion, person)
        job.link(promotion.test, promotion.destination)

    return run_job(site, "test-promotion", title, work)


def promote_in(job: Job, promotion: Promotion, person: Person) -> None:
    """Promote a test as part of a job. Raises Refusal if this is not possible."""
    test, revision = promotion.test, _shown(promotion.revision)
    way = f"({promotion.source} to {promotion.destination})"
    check_credentials(person.username, person.password)
    job.log("Validating Matrix.")
    _check_applications(job.site, promotion)
    job.log("Success: Validating Matrix.")
    job.log("Promoting experiment")
    check_pair(promotion.source, promotion.destination)
    job.log(f"(scm) promote {test} {revision} {way}")
    source = job.site.branch(promotion.source)
    destination = job.site.branch(promotion.destination)
    author = person.author or person.username
    job.site = job.site.with_branch(promote(promotion, source, destination, author))
    job.log(f"(scm) Successfully promoted {test} {revision} {way}")
    job.log(
        f"Promoted {test} from {promotion.source} ({revision}) to "
        f"{promotion.destination} ({_shown(promotion.destination_revision)})"
    )


def _check_applications(site: Site, promotion: Promotion) -> None:
    """Raise Refusal if an application that uses the test at the destination could not load it."""
    test = promotion.test
    try:
        definition = site.branch(promotion.source).at(test, promotion.revision)
    except Refusal:  # The promotion will raise the same Refusal.
        return
    if definition is None:
        return
    source = f"{promotion.source} r{promotion.revision}"
    asked = site.users(promotion.destination, test)
    errors = promotion_errors(definition.consumable(), asked, source)
    if errors:
        raise refuse(
            "promotion-incompatible",
            Sentence(
                gettext_noop("applications on {destination} cannot load the test: {errors}"),
                destination=promotion.destination,
                errors=listed(errors, gettext_noop("; ")),
            ),
            "Test Promotion not compatible, errors: " + "\n".join(errors),
            test=test,
        )


@dataclass(frozen=True, slots=True)
class Deletion:
    """A request to delete a test from a branch."""

    test: str
    branch: str
    #: The revision that the user saw.
    revision: str
    comment: str = ""


def delete_job(deletion: Deletion, person: Person, site: Site) -> JobResult:
    """Delete a test from one branch if no application names it."""
    title = f"{person.title} deleting {deletion.test} branch: {deletion.branch} "
    return run_job(site, "test-deletion", title, lambda job: _delete(job, deletion, person))


def _delete(job: Job, deletion: Deletion, person: Person) -> None:
    test = deletion.test
    branch = job.site.branch(deletion.branch)
    if branch.current(test) is None:
        job.log(f"Unknown test definition : {test}")
        return
    check_credentials(person.username, person.password)
    job.log(f"(scm) getting history for '{test}'")
    _check_current(deletion, branch)
    job.log(f"(scm) Success: getting history for '{test}'")
    job.log("checking clients usage")
    _check_users(job.site, deletion)
    job.log("Success: checking clients usage")
    job.log("Deleting")
    job.log(f"(scm) delete {test}")
    message = deletion.comment or f"Deleting A/B test {test}"
    author = person.author or person.username
    revision = Revision(branch.next_id(), test, None, author, message)
    job.site = job.site.with_branch(branch.with_deleted(revision))
    job.log(f"(scm) Success: delete {test}")
    others = [each for each in BRANCHES if job.site.branch(each).current(test) is not None]
    for each in others:
        job.link(test, each)
    if not others:
        job.end_message = "This test no longer exists in any environment."
    job.log("COMPLETE")


def _check_current(deletion: Deletion, branch: Branch) -> None:
    """Raise Refusal if the test has changed since the user saw it."""
    current = branch.history(deletion.test)[0].id
    if current != deletion.revision:
        raise refuse(
            "stale",
            Sentence(
                gettext_noop(
                    "you saw revision {revision}, but the test is now at revision {current}; "
                    "review that change, then try again"
                ),
                current=current,
                revision=deletion.revision,
            ),
            f"Test has been updated since {deletion.revision} currently at {current}",
            test=deletion.test,
        )


def _check_users(site: Site, deletion: Deletion) -> None:
    """Raise Refusal if an application names the test.

    Applications on qa are checked first, then those on production. A deletion from production
    is not checked against those on qa.
    """
    asked = {QA: "QA", PRODUCTION: "prod"}
    if deletion.branch == PRODUCTION:
        del asked[QA]
    for branch, shown in asked.items():
        errors = deletion_errors(deletion.test, site.users(branch, deletion.test))
        if errors:
            raise refuse(
                "in-use",
                Sentence(
                    gettext_noop(
                        "an application on {branch} names the test: {errors}; remove the test from "
                        "the application's specification first"
                    ),
                    branch=branch,
                    errors=errors[0],
                ),
                f"There are still clients in {shown} using {deletion.test} {errors[0]}",
                test=deletion.test,
            )
