"""Find the visitor's identifiers for a request or a call: one for each test type."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from proctor.conf import settings
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.sources.source import MatrixSource
from proctor.resolving.site_setup import SiteSetup, current_setup, current_variables
from proctor.visits.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

__all__ = ["identifiers_by_type", "of_request"]

logger = logging.getLogger("proctor.results")

#: Key in a request's `__dict__` for the result of `of_request`.
_KNOWN = "_proctor_results"


def identifiers_by_type(
    values: Mapping[str, object], setup: SiteSetup | None = None
) -> dict[str, str]:
    """Return identifiers by test type, converted from *values*, whose keys are source keys.

    PROCTOR_IDENTIFIERS maps a source key to test types, as it does when groups are determined; a
    key that is the name of a test type stands for that type. Raises ConversionError for a value
    that cannot be converted to text.
    """
    source = (setup or current_setup()).source
    if isinstance(source, MatrixSource):
        return source.variables.identifiers(values, source.known_types)
    return current_variables().identifiers(values, {*TEST_TYPES, *settings.PROCTOR_TEST_TYPES})


def of_request(request: HttpRequest) -> tuple[SiteSetup, dict[str, str]]:
    """Return the setup for a request, and the identifiers that its hooks returned, by test type.

    There are no identifiers until the hooks have run. The result is cached on the request.
    """
    known: tuple[SiteSetup, dict[str, str]] | None = request.__dict__.get(_KNOWN)
    if known is not None:
        return known
    visit = Visit.of(request)
    if visit is None or visit.asked is None:
        return current_setup(), {}
    found = visit.setup, identifiers_by_type(visit.asked.identifiers, visit.setup)
    request.__dict__[_KNOWN] = found
    return found
