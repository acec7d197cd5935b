"""The settings by themselves: names that nobody reads, and values of another type."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.core import checks

from proctor.conf import NAMES, settings
from proctor.core.context_types import shown
from proctor.core.exceptions import ConfigurationError
from proctor.core.locations import location_of

__all__ = ["KNOWN", "check_settings", "is_sound", "value_of"]


class Expected(NamedTuple):
    """What a setting may be."""

    fits: Callable[[Any], bool]
    #: The way out, for the hint.
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
    try:
        location_of(value, timeout=1, max_bytes=1)
    except ConfigurationError:
        return False
    return True


def _is_web_address(value: Any) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)


def _is_cookie_name(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", value, re.A) is not None


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


_NAMES = "Give a tuple or a list of names."
_DOTTED = "Give the dotted path of a class, or None."
_SECONDS = "Give a number of seconds, 0 or more."
_NO_SECONDS = "Give a number of seconds, 0 or more, or None."

#: PROCTOR_TESTS has a check of its own.
_EXPECTED: Mapping[str, Expected] = {
    "PROCTOR_MATRIX": Expected(_or_none(_is_place), "Give a path, an http(s) URL, or None."),
    "PROCTOR_API_ROOT": Expected(
        _or_none(_is_web_address), "Give the URL of a Pipet, with http:// or https://, or None."
    ),
    "PROCTOR_SOURCE": Expected(_or_none(_is_text), _DOTTED),
    "PROCTOR_MATRIX_RELOAD": Expected(_is_seconds, _SECONDS),
    "PROCTOR_TIMEOUT": Expected(_is_seconds, _SECONDS),
    "PROCTOR_IDENTIFIERS": Expected(
        lambda value: isinstance(value, Mapping),
        "Give a dict of source key and test type: {'acctid': 'ACCOUNT'}.",
    ),
    "PROCTOR_CONTEXT": Expected(
        _or_none(lambda value: isinstance(value, Mapping)),
        "Give a dict of source key and type: {'country': 'String'}, or None.",
    ),
    "PROCTOR_PIPET_CONFIG": Expected(
        _or_none(lambda value: _is_path(value) or isinstance(value, Mapping)),
        "Give the path of a pipet-config.json, or None.",
    ),
    "PROCTOR_TEST_TYPES": Expected(_are_texts, _NAMES),
    "PROCTOR_IDENTIFIER_VALIDATOR": Expected(
        lambda value: value in (None, "noempty") or callable(value),
        "Give 'noempty', a function of test type and identifier, or None.",
    ),
    "PROCTOR_LAZY": Expected(lambda value: isinstance(value, bool), "Give True or False."),
    "PROCTOR_VARY": Expected(_are_texts, "Give a tuple or a list of names of headers."),
    "PROCTOR_ID_COOKIE": Expected(
        _is_cookie_name, "Give the name of a cookie: letters, digits, - and _."
    ),
    "PROCTOR_CACHE_METHOD": Expected(
        lambda value: value in (None, "cache", "session"), "Give 'cache', 'session' or None."
    ),
    "PROCTOR_CACHE_NAME": Expected(_or_none(_is_text), "Give an alias of CACHES, or None."),
    "PROCTOR_CACHE_TIMEOUT": Expected(_or_none(_is_seconds), _NO_SECONDS),
    "PROCTOR_CACHE_VERSION_TIMEOUT": Expected(_or_none(_is_seconds), _NO_SECONDS),
    "PROCTOR_STAFF_MAY_FORCE": Expected(
        lambda value: isinstance(value, bool), "Give True or False."
    ),
    "PROCTOR_BASE_TEMPLATE": Expected(_is_text, "Give the name of a template."),
}

_PREFIX = "PROCTOR_"

_LISTS = ("PROCTOR_TEST_TYPES", "PROCTOR_VARY")

#: The names of all settings.
KNOWN = tuple(sorted({*NAMES, *_EXPECTED}))


def value_of(name: str) -> Any:
    """The value of a setting; None where it is not set and has no default."""
    return getattr(settings, name, None)


def is_sound(*names: str) -> bool:
    """Whether `check_settings` has nothing to say of the values of these settings."""
    return all(
        not hasattr(settings, name) or _EXPECTED[name].fits(value_of(name)) for name in names
    )


def check_settings(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Settings that do not exist, and those whose values are of another type."""
    unknown = [name for name in dir(settings) if name.startswith(_PREFIX) and name not in KNOWN]
    wrong = [name for name in _EXPECTED if not is_sound(name)]
    return [*map(_unknown, unknown), *map(_wrong, wrong)]


def _unknown(name: str) -> checks.CheckMessage:
    # Without the prefix, which all names share: with it, any is near to any.
    bare = [known.removeprefix(_PREFIX) for known in KNOWN]
    close = difflib.get_close_matches(name.removeprefix(_PREFIX), bare, n=1)
    guess = f"Did you mean {_PREFIX}{close[0]}? " if close else ""
    return checks.Warning(
        f"{name} is set, and nothing reads it.",
        hint=f"{guess}The settings are {', '.join(KNOWN)}.",
        id="proctor.W001",
    )


def _wrong(name: str) -> checks.CheckMessage:
    value = value_of(name)
    if name in _LISTS and isinstance(value, str):
        return checks.Error(
            f"{name} is the text {shown(value)}, where a tuple was meant.",
            hint=f"A tuple of one needs a comma: ({shown(value)},).",
            id="proctor.E002",
        )
    # The place of a matrix may hold a password.
    what = "an address that cannot be read" if _is_text(value) and "://" in value else shown(value)
    return checks.Error(f"{name} is {what}.", hint=_EXPECTED[name].words, id="proctor.E001")
