"""Create the flag service of a site from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from proctor.conf import settings
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.ofrep.access import Access
from proctor.core.ofrep.service import OfrepService
from proctor.core.sources.source import MatrixSource
from proctor.resolving.site_setup import current_setup

if TYPE_CHECKING:
    from proctor.core.sources.source import Source

__all__ = ["site_service", "tokens_of"]


def site_service() -> OfrepService:
    """Return the service for the source and the declared tests in the settings.

    Raises ImproperlyConfigured if the site has no source.
    """
    setup = current_setup()
    source = setup.source
    if source is None:
        raise ImproperlyConfigured(
            "proctor.ofrep.urls needs the source of this site, but no source is configured: set "
            "PROCTOR_MATRIX"
        )
    return OfrepService(
        source,
        tests=setup.registry,
        targeting_key=_targeting_key(source),
        # Compare with True, because a string such as "no" would count as true.
        access=Access(
            tokens_of(settings.PROCTOR_OFREP_TOKEN), public=settings.PROCTOR_OFREP_PUBLIC is True
        ),
        origins=settings.PROCTOR_OFREP_ORIGINS,
    )


def tokens_of(value: Any) -> tuple[str, ...]:
    """Return the tokens in PROCTOR_OFREP_TOKEN. A str is one token; None and "" mean no tokens."""
    if isinstance(value, str):
        return (value,) if value else ()
    return () if value is None else tuple(value)


def _targeting_key(source: Source) -> str:
    name: str = settings.PROCTOR_OFREP_TARGETING_KEY
    if not isinstance(source, MatrixSource):
        return name
    return source.variables.source_key(name, (*TEST_TYPES, *source.test_types)) or name
