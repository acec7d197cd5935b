"""Edits that are promoted immediately, as in Java Proctor [EditAndPromoteJob, AutoPromoter].

If the promotion fails, the edit is still saved. The job is then a partial success.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.authoring.branches.auto_promotion import is_allocation_only, is_fully_inactive
from proctor.core.authoring.branches.jobs import Job, JobResult, Person, Site, promote_in, run_job
from proctor.core.authoring.branches.promotion import (
    PRODUCTION,
    QA,
    TRUNK,
    EffectiveVersion,
    Promotion,
    effective_version,
)
from proctor.core.authoring.branches.revisions import UNKNOWN_REVISION
from proctor.core.authoring.edits.editing import decide_edit, save_edit
from proctor.core.authoring.refusals import Refusal, refuse
from proctor.core.messages import shown
from proctor.core.sentences import Sentence, gettext_noop, sentence_of

if TYPE_CHECKING:
    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.authoring.edits.editing import EditRequest

__all__ = ["edit_job"]

#: Maps each target branch to the suffixes of the job's kind and of the job's title.
_TARGETS = {
    TRUNK: ("", ""),
    QA: ("-promotion-qa", " and promoting to QA"),
    PRODUCTION: ("-promotion", " and promoting to QA and Prod"),
}


def edit_job(request: EditRequest, site: Site, target: str = TRUNK) -> JobResult:
    """Save an edit on trunk, and promote it up to *target* if that is safe.

    Raises Refusal if the branch does not exist. Every other Refusal is reported in the result.
    """
    if target not in _TARGETS:
        known = ", ".join(_TARGETS)
        raise refuse(
            "unknown-branch",
            Sentence(
                gettext_noop("unknown branch {target}; use one of {known}"),
                target=shown(target),
                known=known,
            ),
        )
    person = Person(request.username, request.password)
    kind, also = _TARGETS[target]
    doing = "Creating" if request.is_create else "Editing"
    return run_job(
        site,
        f"test-{'creation' if request.is_create else 'edit'}{kind}",
        f"{person.title} {doing}{also} {request.test}",
        lambda job: _edit(job, request, person, target),
    )


def _edit(job: Job, request: EditRequest, person: Person, target: str) -> None:
    trunk = job.site.branch(TRUNK)
    former = trunk.current(request.test)
    edit = decide_edit(request, trunk, job.log)
    job.site = job.site.with_branch(save_edit(edit, request, trunk, job.log))
    try:
        _promote(job, request, person, target, former)
    except Refusal as refusal:
        raise refuse(
            "not-promoted",
            Sentence(
                gettext_noop("the edit was saved, but not promoted to {target}: {problem}"),
                target=target,
                problem=sentence_of(refusal),
            ),
            "Test Creation/Edit succeeded. However, the test was not promoted automatically to "
            "QA/Production.",
            test=request.test,
        ) from refusal
    job.log("COMPLETE")


def _promote(
    job: Job, request: EditRequest, person: Person, target: str, former: Definition | None
) -> None:
    if target == TRUNK:
        return
    auto = _AutoPromotion(job, request.test, person)
    if target == QA:
        auto.to(QA)
    elif former is None:
        auto.inactive_to_production()
    else:
        auto.lengths_to_production(former, request.previous_revision)


class _AutoPromotion:
    """Promotes a definition that has just been saved on trunk."""

    def __init__(self, job: Job, test: str, person: Person) -> None:
        self._job = job
        self._test = test
        self._person = person
        history = job.site.branch(TRUNK).history(test)
        self._ids = [each.id for each in history]
        definition = history[0].definition
        assert definition is not None
        self._saved = definition

    def _version(self, branch: str) -> EffectiveVersion:
        return effective_version(self._job.site.branch(branch), self._test)

    def to(self, branch: str) -> None:
        """Promote to a branch without checking what has changed."""
        self._job.log(f"auto-promote changes to {branch}")
        try:
            self._plainly_to(branch)
        except Refusal:
            self._job.log(f"Error while (or after) promoting the test to {branch}")
            raise

    def _plainly_to(self, branch: str) -> None:
        revision = self._version(branch).revision
        promotion = Promotion(self._test, TRUNK, self._ids[0], branch, revision)
        promote_in(self._job, promotion, self._person)

    def inactive_to_production(self) -> None:
        """Promote a new test to qa and production if no visitor can be in any of its groups."""
        if not is_fully_inactive(self._saved):
            raise refuse(
                "not-inactive",
                Sentence(
                    gettext_noop(
                        "a new test is promoted to production automatically only if it is 100 % "
                        "inactive; promote it yourself"
                    )
                ),
                "auto-promote is prevented because there is no existing test definition and the "
                "test is not 100% inactive.",
                test=self._test,
            )
        self.to(QA)
        self._plainly_to(PRODUCTION)

    def lengths_to_production(self, former: Definition, previous: str) -> None:
        """Promote an edit that changes only range lengths to qa, then to production.

        Raises Refusal if trunk has changed in the meantime, or if the test is missing on a branch
        or differs there in more than lengths. If only production fails, qa stays promoted.
        """
        if previous not in self._ids[1:2]:
            raise refuse(
                "history-moved",
                Sentence(
                    gettext_noop(
                        "the test was changed on trunk in the meantime; promote it yourself"
                    )
                ),
                test=self._test,
            )
        if not is_allocation_only(former, self._saved):
            raise self._more_changed(
                "auto-promote is prevented because it isn't an allocation-only change."
            )
        self._job.log(
            "allocation only change, checking against other branches for auto-promote "
            f"capability for test {self._test}"
        )
        self._job.log(
            f"at QA revision {self._version(QA).revision} and PRODUCTION revision "
            f"{self._version(PRODUCTION).revision}"
        )
        for branch in (QA, PRODUCTION):
            self._check_same(branch)
            self.to(branch)

    def _check_same(self, branch: str) -> None:
        if self._version(branch).revision == UNKNOWN_REVISION:
            raise refuse(
                "not-there",
                Sentence(
                    gettext_noop("the test is not on {branch} yet; promote it yourself"),
                    branch=branch,
                ),
                f"{branch} revision is unknown",
                test=self._test,
            )
        current = self._job.site.branch(branch).current(self._test)
        if current is None or not is_allocation_only(current, self._saved):
            raise self._more_changed(
                f"Not auto-promote to {branch} because it isn't an allocation-only change."
            )

    def _more_changed(self, java_message: str) -> Refusal:
        return refuse(
            "not-allocation-only",
            Sentence(
                gettext_noop(
                    "the edit changes more than range lengths, or gives an allocation a new "
                    "group; promote it yourself"
                )
            ),
            java_message,
            test=self._test,
        )
