"""Check each setting for an unknown name or an invalid value."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.core import checks

from proctor.conf import NAMES, settings
from proctor.core.exceptions import ConfigurationError
from proctor.core.inputs.identifier_validators import expected_validators, is_validator
from proctor.core.messages import shown
from proctor.core.sources.locations import location_of
from proctor.core.sources.object_stores import is_object_address
from proctor.metrics import Metric
from proctor.resolving.cache_methods import METHODS, expected_methods
from proctor.resolving.matrix_locations import LocationsError, matrix_schemes
from proctor.visits.id_cookie import ID_COOKIE

__all__ = ["KNOWN", "check_settings", "is_sound", "value_of"]


class Expected(NamedTuple):
    """The allowed values of a setting."""

    fits: Callable[[Any], bool]
    #: How to fix a wrong value; the check shows this as its hint.
    words: str


def _is_seconds(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _are_texts(value: Any) -> bool:
    return isinstance(value, (tuple, list, set, frozenset)) and all(map(_is_text, value))


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike)) and _is_text(os.fspath(value))


def _is_place(value: Any) -> bool:
    if not _is_path(value):
        return False
    text = os.fspath(value)
    try:
        schemes = matrix_schemes()
        if is_object_address(text) or text.partition(":")[0] in schemes:
            return True  # `check_object_store` and `_unusable_location` check these cases
        location_of(value, timeout=1, max_bytes=1, locations=schemes)
    except LocationsError:
        return True  # `check_settings` reports the mistake in PROCTOR_LOCATIONS
    except ConfigurationError:
        return False
    return True


def _is_web_address(value: Any) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)


def _are_dotted(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(scheme, str) and re.fullmatch(r"[a-z][a-z0-9+.-]+", scheme) and _is_text(path)
        for scheme, path in value.items()
    )


def _are_branches(value: Any) -> bool:
    return (
        isinstance(value, (tuple, list))
        and 0 < len(value) == len({*value})
        and all(
            isinstance(name, str) and re.fullmatch(r"[\w-]{1,80}", name, re.A) for name in value
        )
    )


def _is_application(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\w.@:-]{1,100}", value, re.A) is not None


def _are_approvals(value: Any) -> bool:
    branches = settings.PROCTOR_EDITOR_BRANCHES
    if not _are_branches(branches):
        branches = value  # `check_settings` reports PROCTOR_EDITOR_BRANCHES separately
    return isinstance(value, Mapping) and all(
        branch in branches and type(number) is int and number >= 0
        for branch, number in value.items()
    )


def _are_metrics(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and all(isinstance(each, Metric) for each in value)


def _is_origin(value: Any) -> bool:
    if value == "*":
        return True
    # Browsers send origins without a path, so an origin with a path would never match.
    return _is_web_address(value) and re.fullmatch(r"https?://[^/?#@\s]+", value) is not None


def _are_origins(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and all(map(_is_origin, value))


def _is_token(value: Any) -> bool:
    return _is_text(value) and value.isascii() and value.isprintable() and " " not in value


def _are_tokens(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_token, value))
    return value == "" or _is_token(value)


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


_NAMES = "Set it to a tuple or a list of names."
_DOTTED = "Set it to the dotted path of a class, or None."
_SECONDS = "Set it to a number of seconds, 0 or more."
_NO_SECONDS = "Set it to a number of seconds, 0 or more, or None."

#: PROCTOR_TESTS has its own check.
_EXPECTED: Mapping[str, Expected] = {
    "PROCTOR_MATRIX": Expected(
        _or_none(_is_place),
        "Set it to a path, an http(s) URL, an address like 's3://bucket/matrix.json', "
        "'editor:BRANCH', or None.",
    ),
    "PROCTOR_MATRIX_TOKEN": Expected(_or_none(_is_text), "Set it to a token (str), or None."),
    "PROCTOR_LOCATIONS": Expected(
        _are_dotted,
        "Set it to a dict that maps each scheme (at least two lower-case letters or digits) to a "
        "dotted path: {'vault': 'shop.vault.Location'}.",
    ),
    "PROCTOR_EDITOR_BRANCHES": Expected(
        _are_branches,
        "Set it to a tuple of different names, each made of letters, digits, - and _: ('trunk', "
        "'production').",
    ),
    "PROCTOR_EDITOR_APPROVALS": Expected(
        _are_approvals,
        "Set it to a dict that maps branches to numbers of approvals: {'production': 1}.",
    ),
    "PROCTOR_EDITOR_EMAIL": Expected(
        lambda value: isinstance(value, bool) or _is_web_address(value),
        "Set it to True, False, or the base URL for links in mail: 'https://shop.example'.",
    ),
    "PROCTOR_EDITOR_PUBLIC_MATRIX": Expected(
        lambda value: isinstance(value, bool), "Set it to True or False."
    ),
    "PROCTOR_OFREP_TOKEN": Expected(
        _or_none(_are_tokens),
        "Set it to a token of visible ASCII characters, a tuple of tokens, or None.",
    ),
    "PROCTOR_OFREP_PUBLIC": Expected(
        lambda value: isinstance(value, bool), "Set it to True or False."
    ),
    "PROCTOR_OFREP_ORIGINS": Expected(
        _are_origins, "Set it to a tuple of origins: ('https://shop.example.com',)."
    ),
    "PROCTOR_OFREP_TARGETING_KEY": Expected(
        _is_text, "Set it to a test type or a key of PROCTOR_IDENTIFIERS: 'USER'."
    ),
    "PROCTOR_APPLICATION": Expected(
        _or_none(_is_application),
        "Set it to a name of at most 100 characters (letters, digits and . _ - @ :), or None.",
    ),
    "PROCTOR_REGISTER_TOKEN": Expected(_or_none(_is_text), "Set it to a token (str), or None."),
    "PROCTOR_EDITOR_GUARDS": Expected(
        _are_texts, "Set it to a tuple of dotted paths: ('shop.guards.enough_orders',)."
    ),
    "PROCTOR_API_ROOT": Expected(
        _or_none(_is_web_address),
        "Set it to the URL of a Pipet, with http:// or https://, or None.",
    ),
    "PROCTOR_SOURCE": Expected(_or_none(_is_text), _DOTTED),
    "PROCTOR_MATRIX_RELOAD": Expected(_is_seconds, _SECONDS),
    "PROCTOR_MATRIX_MAX_BYTES": Expected(
        lambda value: type(value) is int and value > 0, "Set it to a number of bytes, 1 or more."
    ),
    "PROCTOR_TIMEOUT": Expected(_is_seconds, _SECONDS),
    "PROCTOR_IDENTIFIERS": Expected(
        lambda value: isinstance(value, Mapping),
        "Set it to a dict that maps source keys to test types: {'acctid': 'ACCOUNT'}.",
    ),
    "PROCTOR_CONTEXT": Expected(
        _or_none(lambda value: isinstance(value, Mapping)),
        "Set it to a dict that maps source keys to types: {'country': 'String'}, or None.",
    ),
    "PROCTOR_PIPET_CONFIG": Expected(
        _or_none(lambda value: _is_path(value) or isinstance(value, Mapping)),
        "Set it to the path of a pipet-config.json, or None.",
    ),
    "PROCTOR_TEST_TYPES": Expected(_are_texts, _NAMES),
    "PROCTOR_IDENTIFIER_VALIDATOR": Expected(is_validator, f"Set it to {expected_validators()}."),
    "PROCTOR_LAZY": Expected(lambda value: isinstance(value, bool), "Set it to True or False."),
    "PROCTOR_VARY": Expected(_are_texts, "Set it to a tuple or a list of header names."),
    "PROCTOR_METRICS": Expected(
        _are_metrics, "Set it to a tuple of proctor.Metric: (Metric('signed_up'),)."
    ),
    "PROCTOR_RESULTS_IDENTIFIERS": Expected(
        lambda value: value in ("plain", "digest"), "Set it to 'plain' or 'digest'."
    ),
    "PROCTOR_RESULTS_DIGEST_KEY": Expected(_or_none(_is_text), "Set it to a key (str), or None."),
    "PROCTOR_RESULTS_QUEUE": Expected(
        lambda value: type(value) is int and value > 0, "Set it to a number of rows, 1 or more."
    ),
    "PROCTOR_RESULTS_OUTAGE": Expected(
        lambda value: value in ("keep", "drop"), "Set it to 'keep' or 'drop'."
    ),
    "PROCTOR_RESULTS_THREAD": Expected(
        _or_none(lambda value: isinstance(value, bool)),
        "Set it to True, False, or None (use a thread only if the server uses threads).",
    ),
    "PROCTOR_RESULTS_FROM_BROWSER": Expected(
        lambda value: isinstance(value, bool), "Set it to True or False."
    ),
    **{
        name: Expected(expected.fits, f"Set it to {expected.words}.")
        for name, expected in ID_COOKIE.items()
    },
    "PROCTOR_CACHE_METHOD": Expected(
        lambda value: value is None or (isinstance(value, str) and value in METHODS),
        f"Set it to {expected_methods()}.",
    ),
    "PROCTOR_CACHE_NAME": Expected(_or_none(_is_text), "Set it to an alias of CACHES, or None."),
    "PROCTOR_CACHE_TIMEOUT": Expected(_or_none(_is_seconds), _NO_SECONDS),
    "PROCTOR_CACHE_VERSION_TIMEOUT": Expected(_or_none(_is_seconds), _NO_SECONDS),
    "PROCTOR_BAR": Expected(lambda value: isinstance(value, bool), "Set it to True or False."),
    "PROCTOR_STAFF_MAY_FORCE": Expected(
        lambda value: isinstance(value, bool), "Set it to True or False."
    ),
    "PROCTOR_BASE_TEMPLATE": Expected(_is_text, "Set it to the name of a template."),
}

_PREFIX = "PROCTOR_"

_LISTS = ("PROCTOR_TEST_TYPES", "PROCTOR_VARY", "PROCTOR_OFREP_ORIGINS")

#: The names of all settings.
KNOWN = tuple(sorted({*NAMES, *_EXPECTED}))


#: In these settings, "" counts as None, because it may come from an empty environment variable.
_EMPTY_MEANS_NONE = (
    "PROCTOR_API_ROOT",
    "PROCTOR_MATRIX",
    "PROCTOR_SOURCE",
    "PROCTOR_PIPET_CONFIG",
    "PROCTOR_CACHE_METHOD",
)


def value_of(name: str) -> Any:
    """Return the value of a setting, or None if it is not set and has no default."""
    value = getattr(settings, name, None)
    return None if value == "" and name in _EMPTY_MEANS_NONE else value


def is_sound(*names: str) -> bool:
    """Return True if `check_settings` finds no mistakes in the settings listed in *names*."""
    return all(
        not hasattr(settings, name) or _EXPECTED[name].fits(value_of(name)) for name in names
    )


def check_settings(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report unknown settings, and settings with invalid values."""
    unknown = [name for name in dir(settings) if name.startswith(_PREFIX) and name not in KNOWN]
    wrong = [name for name in _EXPECTED if not is_sound(name)]
    return [*map(_unknown, unknown), *map(_wrong, wrong), *_unusable_location()]


def _unusable_location() -> Iterator[checks.CheckMessage]:
    """Report a class in PROCTOR_LOCATIONS that cannot be used, if PROCTOR_MATRIX needs it."""
    matrix = value_of("PROCTOR_MATRIX")
    if not is_sound("PROCTOR_MATRIX", "PROCTOR_LOCATIONS") or matrix is None:
        return
    text = os.fspath(matrix)
    make = matrix_schemes().get(text.partition(":")[0]) if ":" in text else None
    if make is None:
        return
    try:
        make(text)
    except LocationsError as error:
        yield checks.Error(
            f"{error}.", hint=_EXPECTED["PROCTOR_LOCATIONS"].words, id="proctor.E001"
        )
    except ConfigurationError as error:
        yield checks.Error(
            f"PROCTOR_MATRIX cannot be used: {error}.",
            hint=_EXPECTED["PROCTOR_MATRIX"].words,
            id="proctor.E001",
        )


def _unknown(name: str) -> checks.CheckMessage:
    # Compare the names without the prefix. With it, any two names would look similar.
    bare = [known.removeprefix(_PREFIX) for known in KNOWN]
    close = difflib.get_close_matches(name.removeprefix(_PREFIX), bare, n=1)
    guess = f"Did you mean {_PREFIX}{close[0]}? " if close else ""
    return checks.Warning(
        f"{name} is set, but there is no such setting.",
        hint=f"{guess}The settings are {', '.join(KNOWN)}.",
        id="proctor.W001",
    )


def _wrong(name: str) -> checks.CheckMessage:
    value = value_of(name)
    if name in _LISTS and isinstance(value, str):
        return checks.Error(
            f"{name} is the string {shown(value)}; a tuple was expected.",
            hint=f"A tuple with one element needs a comma: ({shown(value)},).",
            id="proctor.E002",
        )
    # The URL of the matrix may contain a password.
    what = "an invalid URL" if _is_text(value) and "://" in value else shown(value)
    if name.endswith("_TOKEN"):
        what = "not a token that fits in an HTTP header"
    return checks.Error(f"{name} is {what}.", hint=_EXPECTED[name].words, id="proctor.E001")
