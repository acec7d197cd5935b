"""Describe the site as an application: its name, its branch, and its specification."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.conf import settings
from proctor.core.declarations.specification import write_specification
from proctor.core.exceptions import ConfigurationError
from proctor.core.java.context_types import specification_type
from proctor.resolving.site_setup import current_setup, current_variables

if TYPE_CHECKING:
    from proctor.core.declarations.proctor_test import ProctorTest

__all__ = ["SitePlace", "site_name", "site_place", "site_specification"]

_EDITOR = re.compile(r"editor:(?P<branch>[\w-]+)\Z", re.ASCII)
_MATRIX_URL = re.compile(r"(?P<root>https?://.+/)matrix/(?P<branch>[\w-]+)\.json\Z", re.ASCII)


class SitePlace(NamedTuple):
    """The branch and the editor that the site's matrix comes from, if PROCTOR_MATRIX names them."""

    #: The branch; "" if it is unknown.
    branch: str = ""
    #: The URL of the editor; "" for the editor in this site's own database.
    editor: str = ""


def site_place() -> SitePlace:
    """Return the branch and the editor in PROCTOR_MATRIX: `editor:BRANCH`, or an editor's URL."""
    place = settings.PROCTOR_MATRIX
    text = place if isinstance(place, str) else ""
    found = _EDITOR.match(text)
    if found is not None:
        return SitePlace(found["branch"])
    found = _MATRIX_URL.match(text)
    return SitePlace() if found is None else SitePlace(found["branch"], found["root"])


def site_name() -> str:
    """Return PROCTOR_APPLICATION, or else the package of ROOT_URLCONF; "" if neither is set."""
    if settings.PROCTOR_APPLICATION:
        return str(settings.PROCTOR_APPLICATION)
    module: Any = getattr(settings, "ROOT_URLCONF", None)
    return module.partition(".")[0] if isinstance(module, str) else ""


def site_specification() -> dict[str, Any]:
    """Return the declared tests and variables as a Proctor specification, ready for JSON.

    If a test's declaration has no values for its groups, the specification expects no buckets.
    """
    tests = {test.name: _expected(test) for test in current_setup().registry.values()}
    return {"providedContext": _context(), "tests": tests}


def _expected(test: ProctorTest) -> Any:
    try:
        return write_specification([test])["tests"][test.name]
    except ConfigurationError:
        kind = test.payload_type
        return {} if kind is None else {"payload": {"type": kind}}


def _context() -> dict[str, str] | None:
    """Return the types of the variables, or None if the site declares no variables."""
    types = current_variables().context_types
    if types is None:
        return None
    # A few type names are valid only in the settings; write their Java class instead.
    return {
        name: each.name
        if specification_type(each.name).java_class == each.java_class
        else each.java_class
        for name, each in types.items()
    }
