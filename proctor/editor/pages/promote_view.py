"""Promote one or more tests; the page shows which visitors move, and each application's verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.utils.translation import gettext as _

from proctor.core.problems import Severity
from proctor.editor.access.permissions import OVERRIDE, VIEW, writing
from proctor.editor.branches import branch_names, check_branch, first_branch
from proctor.editor.changes import services
from proctor.editor.changes.outcomes import Proposed
from proctor.editor.changes.together import Promotion, prepare_together, promote_together
from proctor.editor.errors import Conflict, NotFound, PermissionMissing, Refused
from proctor.editor.models import Kind, Proposal, Revision
from proctor.editor.pages.acting import typed
from proctor.editor.pages.answers import address, page, render, require_view, visible
from proctor.editor.pages.asking import asking
from proctor.editor.pages.catalog import read_catalog
from proctor.editor.pages.changes import sentences_between
from proctor.editor.pages.effects import Effect, effect_of
from proctor.editor.pages.translating import messages_of, translated, words_of
from proctor.editor.pages.unsent import was_sent
from proctor.editor.publishing.heads import definition_of, find_head, head_of, revision_of
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.specifications.known import read_applications
from proctor.editor.specifications.verdicts import BREAKS
from proctor.editor.written import legible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpRequest, QueryDict
    from django.http.response import HttpResponseBase

    from proctor.core.matrices.matrix import TestDefinition
    from proctor.editor.access.permissions import Actor
    from proctor.editor.changes.preparing import Prepared
    from proctor.editor.pages.catalog import Catalog

__all__ = ["promote"]

#: Maximum number of tests to choose from, and maximum number to promote together.
_OFFERED, _AT_ONCE = 200, 50


@dataclass(frozen=True, slots=True)
class _Choice:
    """A test that differs between the two branches, and can be chosen for promotion."""

    name: str
    is_new: bool
    is_chosen: bool
    is_held: bool


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A test that would be promoted."""

    test: str
    #: The promoted definition, and the definition that it replaces (None if the test is not on the
    #: later branch).
    origin: Revision
    head: Revision | None
    effect: Effect
    sentences: list[str]

    @property
    def base(self) -> str:
        """The id of the revision to be replaced, or "" if the test is new on the later branch."""
        return "" if self.head is None else self.head.id

    @property
    def undone(self) -> Revision | None:
        """A change made directly on the later branch, which the promotion would undo."""
        return self.head if self.head is not None and self.head.kind in _DIRECT else None


#: Kinds of changes that can be made directly on a later branch.
_DIRECT = (Kind.RAMP, Kind.STOP, Kind.FINISH, Kind.ROLL_BACK, Kind.REVERT)


@page
def promote(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Publish revisions of one or more tests from one branch on a later branch."""
    names = branch_names()
    if len(names) < 2:
        raise NotFound(_("There is only one branch, so there is nothing to promote to."))
    sent = request.POST if request.method == "POST" else request.GET
    source, target = _branches(sent, names)
    promotions = _promotions(sent, actor, source, target)
    if not was_sent(request) or not promotions:
        return _show(request, actor, source, target, promotions)
    message = typed(request)
    override = legible(typed(request, "override")) if "anyway" in sent else ""
    if "anyway" in sent and not override:
        words = _("Give a reason for the promotion, because it breaks an application.")
        return _show(request, actor, source, target, promotions, status=422, problems=[words])
    try:
        done = _publish(actor, promotions, (source, target), message, override)
    except Refused as error:
        problems = messages_of(error.problems)
        return _show(request, actor, source, target, promotions, status=422, problems=problems)
    except Conflict:
        words = _(
            "Someone has published a change in the meantime. This is what your change would do "
            "now: check it again."
        )
        fresh = _promotions(sent, actor, source, target, again=True)
        return _show(request, actor, source, target, fresh, status=409, problems=[words])
    return HttpResponseRedirect(_after(done, source, target), status=303)


def _after(done: Sequence[Revision | Proposal], source: str, target: str) -> str:
    """Return the URL of the result page to show after a promotion."""
    first = done[0]
    if isinstance(first, Proposal):
        one = len(done) == 1
        return address("proposal", str(first.pk)) if one else f"{address('review')}?show=yours"
    if len(done) == 1:
        return f"{address('test', first.test)}?published={first.id}"
    query = {"from": source, "to": target, "published": [each.pk for each in done]}
    return f"{address('promote')}?{urlencode(query, doseq=True)}"


def _publish(
    actor: Actor,
    promotions: Sequence[Promotion],
    branches: tuple[str, str],
    message: str,
    override: str,
) -> Sequence[Revision | Proposal]:
    source, target = branches
    if len(promotions) > 1:
        return promote_together(
            actor, promotions, source, target, message=message, override=override
        )
    one = promotions[0]
    done = services.promote(
        actor,
        one.test,
        source,
        target,
        revision=one.revision,
        base=one.base,
        message=message,
        override=override,
    )
    return [done.proposal if isinstance(done, Proposed) else done.revision]


def _branches(sent: QueryDict, names: Sequence[str]) -> tuple[str, str]:
    """Return the source and target branches.

    By default, the target is the next branch.
    """
    source = check_branch(sent.get("from") or names[0])
    if source == names[-1]:
        source = names[-2]
    following = names[names.index(source) + 1 :]
    target = check_branch(sent.get("to") or following[0])
    return source, target if target in following else following[0]


def _promotions(
    sent: QueryDict, actor: Actor, source: str, target: str, *, again: bool = False
) -> list[Promotion]:
    """Return the promotions that the form describes.

    They promote the revisions that the user saw, if the form contains them and *again* is False.
    Otherwise, they promote the current heads.
    """
    tests = [*dict.fromkeys(each.strip() for each in sent.getlist("test") if each.strip())]
    revisions, bases = sent.getlist("revision"), sent.getlist("base")
    found = []
    for index, test in enumerate(tests[:_AT_ONCE]):
        require_view(actor, test)
        if not again and len(revisions) == len(tests):
            revision = revision_of(test, source, revisions[index]).id
        else:
            revision = head_of(test, source).id
        if not again and len(bases) == len(tests):
            base = bases[index] or None
        else:
            head = find_head(test, target)
            base = None if head is None or head.definition is None else head.id
        found.append(Promotion(test, revision, base))
    return found


def _show(
    request: HttpRequest,
    actor: Actor,
    source: str,
    target: str,
    promotions: Sequence[Promotion],
    *,
    status: int = 200,
    problems: Sequence[str] = (),
) -> HttpResponseBase:
    catalog = read_catalog()
    if not promotions and not visible(actor, catalog.tests.values()):
        actor.require(VIEW, branch=first_branch())
    names = branch_names()
    choices = _choices(catalog, actor, source, target, [each.test for each in promotions])
    context: dict[str, Any] = {}
    if promotions:
        context = _preview(actor, source, target, promotions)
        held = catalog.held.get(target, set())
        context["held"] = [each.test for each in promotions if each.test in held]
    said = [*problems, *(each for each in context.get("blocking", ()) if each not in problems)]
    title = (
        _("Promote %(test)s") % {"test": promotions[0].test}
        if len(promotions) == 1
        else _("Promote")
    )
    return render(
        request,
        actor,
        "promote.html",
        title,
        status=status,
        source=source,
        target=target,
        sources=names[:-1],
        targets=names[1:],
        choices=choices[:_OFFERED],
        left_out=max(0, len(choices) - _OFFERED),
        published=_published(request),
        missing=_missing(actor, target, promotions),
        asks=asking(actor, promotions[0].test, target) if promotions else None,
        message=request.POST.get("message", ""),
        override=request.POST.get("override", ""),
        problems=said,
        here="promote",
        **context,
    )


def _choices(
    catalog: Catalog, actor: Actor, source: str, target: str, chosen: Sequence[str]
) -> list[_Choice]:
    held = catalog.held.get(target, set())
    differing = [each for each in catalog.tests.values() if each.differs_between(source, target)]
    found = [
        _Choice(each.name, target not in each.entries, each.name in chosen, each.name in held)
        for each in visible(actor, differing)
    ]
    # Chosen tests come first; otherwise users might have to scroll to find them.
    return sorted(found, key=lambda each: not each.is_chosen)


def _preview(
    actor: Actor, source: str, target: str, promotions: Sequence[Promotion]
) -> dict[str, Any]:
    """Return the effects of publishing the promotions."""
    origins = {each.test: revision_of(each.test, source, each.revision) for each in promotions}
    definitions = {name: definition_of(origin) for name, origin in origins.items()}
    kept = {name: each for name, each in definitions.items() if each is not None}
    prepared = prepare_together(target, kept).prepared
    chosen = [
        _chosen(each.test, origins[each.test], find_head(each.test, target), prepared)
        for each in promotions
    ]
    blocking = [each for each in prepared.problems if each.severity is not Severity.WARNING]
    others = [each for each in blocking if each.code != BREAKS]
    may_override = all(actor.may(OVERRIDE, test=each.test, branch=target) for each in promotions)
    return {
        "chosen": chosen,
        "says": sorted(prepared.says, key=lambda each: _ORDER.index(each.state)),
        "blocking": [translated(each.text if len(chosen) > 1 else each.message) for each in others],
        # Show only the names of the applications: each application's row shows the reason.
        "breaks": [] if others else [translated(each) for each in prepared.broken],
        "is_blocked": bool(others),
        "may_override": may_override,
        "override_missing": "" if may_override else _why(actor, OVERRIDE, target, promotions),
        "is_same": all(
            each.head is not None and not each.sentences and _is_same(each) for each in chosen
        ),
    }


#: Problems come first.
_ORDER = ("breaks", "older", "ok", "undeclared")


def _chosen(test: str, origin: Revision, head: Revision | None, prepared: Prepared) -> _Chosen:
    current = None if head is None or head.definition is None else head
    effect = effect_of(test, prepared.before, prepared.after)
    below = {*_dependents(test, prepared.before), *_dependents(test, prepared.after)}
    return _Chosen(
        test,
        origin,
        current,
        replace(effect, others=tuple(each for each in effect.others if each[0] in below)),
        sentences_between(current, origin, read_applications().context_types),
    )


def _dependents(test: str, tests: Mapping[str, TestDefinition]) -> set[str]:
    """Return the tests that depend on *test*, directly or indirectly."""
    found: set[str] = set()
    last = {test}
    while last:
        last = {
            name
            for name, each in tests.items()
            if each.depends_on is not None and each.depends_on.test_name in last
        } - found
        found |= last
    return found


def _is_same(chosen: _Chosen) -> bool:
    old, new = definition_of(chosen.head), definition_of(chosen.origin)
    return old is not None and new is not None and old.with_version(None) == new.with_version(None)


def _missing(actor: Actor, target: str, promotions: Sequence[Promotion]) -> str:
    """Return the reason why the user may not publish the promotions, or "" if they may."""
    return _why(actor, writing(target), target, promotions)


def _why(actor: Actor, permission: str, target: str, promotions: Sequence[Promotion]) -> str:
    try:
        tests: list[str | None] = [each.test for each in promotions]
        for test in tests or [None]:
            actor.require(permission, test=test, branch=target)
    except PermissionMissing as error:
        return words_of(error)
    return ""


def _published(request: HttpRequest) -> list[Revision]:
    """Return the revisions that were just published together."""
    ids = request.GET.getlist("published")[:_AT_ONCE]
    if not ids:
        return []
    rows = Revision.objects.using(write_alias()).filter(id__in=ids).select_related("branch")
    return list(rows.order_by("test"))
