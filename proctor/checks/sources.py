"""Check the source of groups: a Pipet, a matrix, or the site's own class."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.core import checks
from django.utils.module_loading import import_string

from proctor.checks.declarations import declared_tests
from proctor.checks.values import is_sound, value_of
from proctor.conf import settings
from proctor.core.messages import closest, shown
from proctor.core.sources.pipet_question import MAX_TEST_BYTES, names_fit
from proctor.resolving.cache_methods import METHODS
from proctor.resolving.matrix_locations import matrix_schemes

#: Copied from `proctor.core.sources.pipet_source`, because that module is slow to import.
LONGEST_TIMEOUT = 3600

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_encryption", "check_shared_cache", "check_source"]


def check_source(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Check that exactly one source is configured, without using the network."""
    return [*_number(), *_class(), *_file(), *_time(), *_names(), *_cache()]


def _number() -> Iterator[checks.CheckMessage]:
    pipet = value_of("PROCTOR_API_ROOT") is not None
    matrix = value_of("PROCTOR_MATRIX") is not None
    if pipet and matrix:
        yield checks.Error(
            "PROCTOR_API_ROOT and PROCTOR_MATRIX are both set, but only one can assign groups.",
            hint="Set PROCTOR_MATRIX to None to use the Pipet, or PROCTOR_API_ROOT to None to use "
            "the matrix.",
            id="proctor.E005",
        )
    if not pipet and not matrix and value_of("PROCTOR_SOURCE") is None:
        yield checks.Warning(
            "Neither PROCTOR_API_ROOT nor PROCTOR_MATRIX is set, so every visitor gets the "
            "default of every test.",
            hint="Set PROCTOR_MATRIX to the path or URL of a test matrix, or PROCTOR_API_ROOT to "
            "the URL of a Pipet.",
            id="proctor.W002",
        )


def _class() -> Iterator[checks.CheckMessage]:
    name = value_of("PROCTOR_SOURCE")
    if name is None or not is_sound("PROCTOR_SOURCE"):
        return
    try:
        found = import_string(name)
    except Exception as error:  # noqa: BLE001 - the site's module may raise anything
        yield checks.Error(
            f"PROCTOR_SOURCE is {name!r}, which cannot be imported: {error}",
            hint="Set it to the dotted path of a class: 'shop.groups.OurSource'.",
            id="proctor.E009",
        )
        return
    if not callable(found) or (isinstance(found, type) and not hasattr(found, "determine_groups")):
        yield checks.Error(
            f"PROCTOR_SOURCE is {name!r}, which is not a class with a determine_groups method.",
            hint="The class needs the methods of proctor.core.sources.source.Source.",
            id="proctor.E009",
        )
    elif isinstance(found, type) and not hasattr(found, "fingerprint") and _caches():
        yield checks.Warning(
            f"PROCTOR_CACHE_METHOD is {value_of('PROCTOR_CACHE_METHOD')!r}, but nothing is cached, "
            f"because PROCTOR_SOURCE is {name!r}, which has no fingerprint method.",
            hint="Set PROCTOR_CACHE_METHOD to None, and let determine_groups use a cache if it is "
            "slow.",
            id="proctor.W036",
        )


def _file() -> Iterator[checks.CheckMessage]:
    matrix = value_of("PROCTOR_MATRIX")
    if matrix is None or not is_sound("PROCTOR_MATRIX", "PROCTOR_LOCATIONS"):
        return
    text = os.fspath(matrix)
    if "://" in text or text.partition(":")[0] in matrix_schemes():
        return
    path = Path(matrix)
    if _is_file(path):
        return
    relative = "" if path.is_absolute() else f" relative to {str(Path.cwd())!r}"
    scheme, has_scheme, _ = text.partition(":")
    guess = closest(scheme, matrix_schemes()) if has_scheme else None
    meant = "" if guess is None else f"Did you mean {guess + text[len(scheme) :]!r}? If not: "
    yield checks.Warning(
        f"PROCTOR_MATRIX is {shown(str(path))}, but there is no such file{relative}.",
        hint=f"{meant}Set it to the absolute path of the file, such as BASE_DIR / 'matrix.json'. "
        "Until it exists, every visitor gets the default of every test.",
        id="proctor.W003",
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # the path is too long, or contains a null character
        return False


def _time() -> Iterator[checks.CheckMessage]:
    timeout = value_of("PROCTOR_TIMEOUT")
    if value_of("PROCTOR_API_ROOT") is None or not is_sound("PROCTOR_TIMEOUT"):
        return
    if not 0 < timeout <= LONGEST_TIMEOUT:
        yield checks.Error(
            f"PROCTOR_TIMEOUT is {timeout!r}, which is not a valid timeout for a Pipet.",
            hint=f"Set it to a number of seconds above 0 and at most {LONGEST_TIMEOUT}.",
            id="proctor.E015",
        )


def _names() -> Iterator[checks.CheckMessage]:
    if value_of("PROCTOR_API_ROOT") is None or names_fit(declared_tests()):
        return
    yield checks.Warning(
        f"The names in PROCTOR_TESTS take up more than {MAX_TEST_BYTES} bytes in the URL, so each "
        "request queries the Pipet for all tests in its matrix.",
        hint="Remove finished tests from PROCTOR_TESTS; or silence this check if the Pipet's "
        "matrix contains few other tests.",
        id="proctor.W018",
    )


def _cache() -> Iterator[checks.CheckMessage]:
    method = value_of("PROCTOR_CACHE_METHOD")
    if method is None or not is_sound("PROCTOR_CACHE_METHOD", "PROCTOR_CACHE_NAME"):
        return
    alias = _cache_alias()
    if alias not in settings.CACHES:
        what = (
            "which keeps the version of the matrix in a cache, but"
            if METHODS[method].needs_sessions
            else "but"
        )
        yield checks.Error(
            f"PROCTOR_CACHE_METHOD is {method!r}, {what} CACHES has no cache {alias!r}.",
            hint=f"Set PROCTOR_CACHE_NAME to one of {', '.join(settings.CACHES) or 'its keys'}, "
            "or add the cache.",
            id="proctor.E006",
        )
    if value_of("PROCTOR_MATRIX") is not None and value_of("PROCTOR_SOURCE") is None:
        yield checks.Warning(
            f"PROCTOR_CACHE_METHOD is {method!r}, but nothing is cached if the process "
            "evaluates the matrix, because evaluation is faster than a cache lookup.",
            hint="Set PROCTOR_CACHE_METHOD to None.",
            id="proctor.W015",
        )


def _caches() -> bool:
    return value_of("PROCTOR_CACHE_METHOD") is not None and is_sound("PROCTOR_CACHE_METHOD")


def _cache_alias() -> str:
    return value_of("PROCTOR_CACHE_NAME") or "default"


#: Cache backends that do not share data between processes, and the consequence of each.
_UNSHARED = {
    "locmem.LocMemCache": (
        "processes do not share, so they use different versions after the matrix changes"
    ),
    "dummy.DummyCache": "keeps nothing, so every request queries the Pipet",
}


def check_shared_cache(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report a cache that does not let processes share the version of a Pipet's matrix."""
    if (
        value_of("PROCTOR_CACHE_METHOD") is None
        or value_of("PROCTOR_API_ROOT") is None
        or not is_sound("PROCTOR_CACHE_METHOD", "PROCTOR_CACHE_NAME")
    ):
        return []
    alias = _cache_alias()
    backend = str(settings.CACHES.get(alias, {}).get("BACKEND", ""))
    return [
        checks.Warning(
            f"PROCTOR_CACHE_METHOD uses the cache {alias!r}, a {ending.partition('.')[2]}, which "
            f"{words}.",
            hint="Use a cache that all processes share, such as Redis or Memcached; or silence "
            "this check if there is only one process.",
            id="proctor.W016",
        )
        for ending, words in _UNSHARED.items()
        if backend == f"django.core.cache.backends.{ending}"
    ]


def check_encryption(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report unencrypted URLs of the Pipet or the matrix."""
    return [
        checks.Warning(
            f"{name} is an http:// address: anyone who can change the traffic can decide what "
            "visitors see.",
            hint="Use https://, or silence this check if you control the network.",
            id="proctor.W014",
        )
        for name in ("PROCTOR_MATRIX", "PROCTOR_API_ROOT")
        if is_sound(name) and _is_open(value_of(name))
    ]


def _is_open(address: object) -> bool:
    if not isinstance(address, str):
        return False
    parts = urlsplit(address)
    return parts.scheme == "http" and not _is_this_machine(parts.hostname or "")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
