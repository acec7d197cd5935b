"""The kinds of matrix locations: our own, and those that a site adds in PROCTOR_LOCATIONS."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.utils.module_loading import import_string

from proctor.conf import settings
from proctor.core.exceptions import ConfigurationError
from proctor.core.messages import error_text, shown

if TYPE_CHECKING:
    from proctor.core.sources.locations import Location, Schemes

__all__ = ["LocationsError", "matrix_schemes"]

_EDITOR = "proctor.editor"
#: The kinds of locations that come with this package.
_OWN_SCHEMES = {"editor": "proctor.editor.serving.location.EditorLocation"}


class LocationsError(ConfigurationError):
    """PROCTOR_LOCATIONS has an invalid value, or names a class that cannot be used."""


def matrix_schemes() -> Schemes:
    """Return a mapping from schemes to kinds of matrix locations other than files and URLs.

    The class of a location is imported when its scheme is first used. Raises LocationsError if
    PROCTOR_LOCATIONS is not a dict.
    """
    if not isinstance(settings.PROCTOR_LOCATIONS, Mapping):
        raise LocationsError(
            "PROCTOR_LOCATIONS: expected a dict that maps schemes to dotted paths, got "
            f"{shown(settings.PROCTOR_LOCATIONS)}"
        )
    dotted = {**_OWN_SCHEMES, **settings.PROCTOR_LOCATIONS}
    return {scheme: partial(_make_location, scheme, path) for scheme, path in dotted.items()}


def _make_location(scheme: str, path: Any, text: str) -> Location:
    if scheme in _OWN_SCHEMES and path == _OWN_SCHEMES[scheme] and not apps.is_installed(_EDITOR):
        raise ConfigurationError(f"{text[:80]!r} needs {_EDITOR!r} in INSTALLED_APPS")
    named = f"PROCTOR_LOCATIONS[{scheme!r}] is {shown(path)}"
    if not isinstance(path, str):
        raise LocationsError(
            f"{named}, a value of type {type(path).__qualname__}; expected the dotted path of a "
            "class"
        )
    try:
        cls = import_string(path)
    except Exception as error:  # the site's module can raise any exception
        raise LocationsError(f"{named}, which cannot be imported: {error_text(error)}") from error
    if not callable(cls):
        raise LocationsError(
            f"{named}, a value of type {type(cls).__qualname__}; expected the dotted path of a "
            "class"
        )
    try:
        made: Location = cls(text)
    except ConfigurationError:
        raise
    except Exception as error:  # as above
        raise LocationsError(f"{named}, which failed: {error_text(error)}") from error
    missing = [name for name in _MEMBERS if not hasattr(made, name)]
    if missing:
        raise LocationsError(
            f"{named}, which created a {type(made).__qualname__} without {', '.join(missing)}; "
            "add all members of proctor.core.sources.locations.Location to the class"
        )
    return made


#: The members that the class of a location must have: those of `Location`.
_MEMBERS = ("shown", "slow", "spread", "inline", "changed", "read")
