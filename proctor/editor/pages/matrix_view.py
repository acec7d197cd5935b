"""The Matrix page: a branch's matrix as text and as a download, and an import with a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctor.conf import settings
from proctor.core.authoring.moves.findings import ROUNDING
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.review.reviewing import review
from proctor.core.sentences import Sentence, gettext_noop
from proctor.editor.access.permissions import VIEW, writing
from proctor.editor.branches import approvals_needed, branch_names, check_branch, first_branch
from proctor.editor.errors import Refused
from proctor.editor.models import Head
from proctor.editor.pages.acting import typed
from proctor.editor.pages.answers import address, page, render
from proctor.editor.pages.shown import percent
from proctor.editor.pages.translating import messages_of, translated, words_of
from proctor.editor.pages.unsent import was_sent
from proctor.editor.publishing.publishing import Signature, write_alias
from proctor.editor.serving.branch_matrix import matrix_json
from proctor.editor.serving.kept_matrices import kept_matrix
from proctor.editor.transfer.declared import bucket_warnings
from proctor.editor.transfer.importing import ImportRefused, Source, import_source, read_text
from proctor.editor.written import refuse_long
from proctor.resolving.site_setup import current_setup, current_variables

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.editor.access.permissions import Actor
    from proctor.editor.serving.branch_matrix import BranchMatrix

__all__ = ["import_matrix", "matrix"]

#: Maximum number of characters of the matrix shown on the page. The download is not shortened.
_SHOWN = 200_000


class _Shown(NamedTuple):
    """The beginning of a matrix's text, and the length of the whole text in characters."""

    matrix: BranchMatrix
    text: str
    size: int


#: The last result of `_shown` for each branch. It is cached because serializing 10,000 tests takes
#: a second.
_kept: dict[str, _Shown] = {}


@page
def matrix(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Show a branch's matrix, or send it as a file."""
    branch = check_branch(request.GET.get("branch") or branch_names()[-1])
    actor.require(VIEW, branch=branch)
    found = kept_matrix(branch)
    if "download" in request.GET:
        response = HttpResponse(_text_of(found), content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="proctor-{branch}.json"'
        return response
    shown = _shown(found)
    return render(
        request,
        actor,
        "matrix.html",
        _("Matrix"),
        branch=branch,
        branches=branch_names(),
        matrix=found,
        tests=len(found.matrix.tests),
        size=shown.size,
        text=shown.text,
        is_cut=shown.size > len(shown.text),
        may_import=actor.may(writing(branch), branch=branch),
        here="matrix",
    )


def _text_of(found: BranchMatrix) -> str:
    return matrix_json(found.matrix, indent=2) + "\n"


def _shown(found: BranchMatrix) -> _Shown:
    """Return the part of a matrix that the page shows. It is cached until the next publication."""
    known = _kept.get(found.branch)
    if known is None or known.matrix is not found:
        text = _text_of(found)
        known = _kept[found.branch] = _Shown(found, text[:_SHOWN], len(text))
    return known


@page
def import_matrix(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Import a matrix: preview the effects first, then publish."""
    source = request.POST if request.method == "POST" else request.GET
    branch = check_branch(source.get("branch") or first_branch())
    actor.require(writing(branch), branch=branch)
    text = _sent(request)
    context: dict[str, Any] = {"branch": branch, "text": text, "here": "matrix"}
    title = _("Import into %(branch)s") % {"branch": branch}
    if request.method != "POST":
        return render(request, actor, "import.html", title, **context)
    if not text.strip():
        context["problems"] = [_("Choose a file, or paste a matrix.")]
        return render(request, actor, "import.html", title, status=422, **context)
    try:
        found = read_text(text)
    except ImportRefused as error:
        context["problems"] = [words_of(error)]
        return render(request, actor, "import.html", title, status=422, **context)
    status = 200
    if request.POST.get("do") == "import" and was_sent(request):
        actor.require_approvals(branch, ())
        for name in found.tests:
            actor.require(writing(branch), test=name, branch=branch)
        if request.POST.get("version") == kept_matrix(branch).name:
            message = typed(request)
            try:
                refuse_long("", message=message)
                signature = Signature(actor.name, message, user_id=actor.user_id)
                import_source(found, branch, signature)
                return HttpResponseRedirect(address("tests"), status=303)
            except Refused as error:
                context["problems"], status = messages_of(error.problems), 422
        else:
            words = _(
                "Someone has published a change in the meantime. This is what the import would "
                "do now."
            )
            context["problems"], status = [words], 409
    context |= _preview(found, branch)
    context["message"] = request.POST.get("message", "")
    return render(request, actor, "import.html", title, status=status, **context)


def _sent(request: HttpRequest) -> str:
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("text", "")
    limit = settings.PROCTOR_MATRIX_MAX_BYTES
    content: bytes = file.read(limit + 1)
    return content.decode("utf-8", "replace")


def _preview(found: Source, branch: str) -> dict[str, Any]:
    """Return the effects of an import, test by test, most serious first."""
    known = kept_matrix(branch)
    after = dict(known.matrix.tests)
    bad = []
    for name, imported in found.tests.items():
        try:
            after[name] = imported.definition.consumable()
        except Refusal as refusal:
            text = gettext_noop("{test}: {problem}")
            bad.append(Sentence(text, test=name, problem=refusal.problem.message))
    reviewed = review(
        known.matrix.tests,
        after,
        declared=current_setup().registry.keys(),
        context_types=current_variables().context_types,
        test_types=tuple(settings.PROCTOR_TEST_TYPES),
    )
    changed = sorted(reviewed.tests, key=lambda each: (-each.risk.rank, each.test))
    jumping = [each for each in changed if any(pair.jump > ROUNDING for pair in each.moves)]
    taken = bucket_warnings(found.definitions, branch)
    heads = Head.objects.using(write_alias()).filter(branch__name=branch, is_deletion=False)
    return {
        "has_preview": True,
        "version": known.name,
        "changed": changed,
        "unchanged": len(found.tests) - len(changed),
        "jumping": len(jumping),
        "most": percent(max((p.jump for each in jumping for p in each.moves), default=0)),
        "summary": ngettext("%(count)s test changes", "%(count)s tests change", len(changed))
        % {"count": len(changed)},
        "kept": heads.exclude(test__in=found.tests).count(),
        "warnings": [*map(translated, (*bad, *found.warnings, *taken))],
        "needs_approval": approvals_needed(branch) > 0,
    }
