"""The applications that the editor knows: the registered ones and the site itself."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from proctor.core.authoring.compatibility.specifications import (
    Specification,
    read_specification,
    specification_of,
)
from proctor.core.authoring.refusals import Refusal
from proctor.core.sentences import Sentence, gettext_noop
from proctor.editor.models import Application
from proctor.editor.publishing.publishing import write_alias
from proctor.resolving.site_setup import current_setup, current_variables
from proctor.upkeep.site_specification import site_name, site_place, site_specification

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from proctor.core.java.context_types import ContextType

__all__ = ["Applications", "Known", "known_application", "own_application", "read_applications"]

#: The name used for a site whose settings do not give it a name.
THIS_SITE = "this site"
#: Maximum number of parsed specifications cached in a process.
_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Known:
    """An application in one environment. Each environment is a branch."""

    name: str
    environment: str
    specification: Specification
    #: True if the application loads the whole matrix, not only the tests in its specification.
    whole_matrix: bool = False
    version: str = ""
    #: The time when the application last registered; None for the site itself.
    last_seen: datetime | None = None
    digest: str = ""

    @property
    def is_own(self) -> bool:
        """True if this is the site that the editor runs in."""
        return self.last_seen is None

    @property
    def label(self) -> str:
        """The application's name in messages, such as `shop@1.2` or `this site (shop)`."""
        if self.is_own:
            if self.name == THIS_SITE:
                return Sentence(gettext_noop("this site"))
            return Sentence(gettext_noop("this site ({name})"), name=self.name)
        return f"{self.name}@{self.version}" if self.version else self.name

    def declares(self, test: str) -> bool:
        """Return whether the specification names the test."""
        return test in self.specification.tests


@dataclass(frozen=True, slots=True)
class Applications:
    """All applications, the site itself first."""

    known: tuple[Known, ...]
    #: Maps the variables of the site and of all applications to their types. None if the site
    #: declares no variables. In that case, rules are only parsed; their variables are checked only
    #: for applications that use the test.
    context_types: Mapping[str, ContextType] | None
    #: Names of the tests that are declared by any application.
    declared: frozenset[str] = field(default=frozenset())

    @property
    def variables(self) -> dict[str, ContextType]:
        """The variables that rules may use: those of the site and of all applications."""
        return dict(self.context_types or _merged(self.known))

    def on(self, branch: str) -> list[Known]:
        """Return the applications on a branch."""
        return [each for each in self.known if each.environment == branch]

    @property
    def registered(self) -> list[Known]:
        """The applications other than the site itself."""
        return [each for each in self.known if not each.is_own]


class _Kept:
    """A cache of parsed specifications; the keys are digests of their text."""

    specifications: ClassVar[OrderedDict[str, Specification]] = OrderedDict()


def read_applications(environment: str | None = None) -> Applications:
    """Return the applications of all environments, or of one. Parsed specifications are cached."""
    rows = Application.objects.using(write_alias()).order_by("name", "environment")
    if environment is not None:
        rows = rows.filter(environment=environment)
    found = list(rows.defer("specification"))
    specifications = _specifications({each.digest for each in found})
    known = [
        _known(each, specifications[each.digest]) for each in found if each.digest in specifications
    ]
    own = own_application()
    if own is not None and environment in (None, own.environment):
        # The site may also have registered itself, but the declarations in this process are newer.
        same = (own.name, own.environment)
        known = [own, *(each for each in known if (each.name, each.environment) != same)]
    declared = frozenset(name for each in known for name in each.specification.tests)
    return Applications(tuple(known), _context_types(known), declared)


def known_application(application: Application) -> Known:
    """Return a registered application with its parsed specification. Raises Refusal."""
    return _known(application, read_specification(application.specification))


def _known(row: Application, specification: Specification) -> Known:
    return Known(
        row.name,
        row.environment,
        specification,
        row.whole_matrix,
        row.version,
        row.last_seen,
        row.digest,
    )


def _specifications(digests: set[str]) -> dict[str, Specification]:
    kept = _Kept.specifications
    found = {digest: kept[digest] for digest in digests if digest in kept}
    missing = digests - found.keys()
    if missing:
        rows = Application.objects.using(write_alias()).filter(digest__in=missing)
        for digest, text in rows.values_list("digest", "specification"):
            try:
                found[digest] = kept[digest] = read_specification(text)
            except Refusal:  # the specification was stored without being checked
                continue
        while len(kept) > _KEPT:
            kept.popitem(last=False)
    return found


def own_application() -> Known | None:
    """Return the site as an application on the branch that it reads; None if it reads no branch.

    Its rules are checked with the variables in PROCTOR_CONTEXT, not those in a specification.
    """
    place = site_place()
    if not place.branch or place.editor or not current_setup().registry:
        return None
    document = {**site_specification(), "providedContext": None}
    try:
        specification = specification_of(document)
    except Refusal:  # Proctor's format cannot express one of the declarations
        return None
    return Known(site_name() or THIS_SITE, place.branch, specification, whole_matrix=True)


def _context_types(known: Sequence[Known]) -> Mapping[str, ContextType] | None:
    own = current_variables().context_types
    return None if own is None else {**_merged(known), **own}


def _merged(known: Sequence[Known]) -> dict[str, ContextType]:
    types: dict[str, ContextType] = {}
    for each in known:
        types.update(each.specification.context_types or {})
    return types
