"""Check that MIDDLEWARE contains our middleware once, and in the right position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.core import checks
from django.utils.module_loading import import_string

from proctor.checks.values import value_of
from proctor.conf import settings
from proctor.middleware import BaseProctorMiddleware, ProctorMiddleware
from proctor.resolving.cache_methods import METHODS
from proctor.visits.hooks import mistaken_hook

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_middleware", "check_sessions", "installed_middleware"]

_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
_USERS = "django.contrib.auth.middleware.AuthenticationMiddleware"

_HOOK = "get_identifiers"
_HOOKS = (_HOOK, "get_context", "is_privileged")


class _Entry(NamedTuple):
    """One entry of MIDDLEWARE."""

    place: int
    path: str
    #: The class; None if the entry is not a class or cannot be imported. Django reports such
    #: entries.
    middleware: type | None
    #: The exception that importing the entry raised.
    error: Exception | None = None


class _Ours(NamedTuple):
    """An entry of MIDDLEWARE that is a proctor middleware."""

    place: int
    path: str
    middleware: type[BaseProctorMiddleware]


def check_middleware(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report a missing, repeated or misplaced proctor middleware."""
    installed = list(_installed())
    ours = _ours(installed)
    found = [message for each in ours for message in _of_one(each, installed)]
    broken = [each for each in installed if each.error is not None]
    if broken and not ours and settings.PROCTOR_TESTS:
        found += map(_not_imported, broken)
    elif not ours and settings.PROCTOR_TESTS:
        found.append(
            checks.Warning(
                "PROCTOR_TESTS declares tests, but MIDDLEWARE contains no proctor middleware, "
                "so no request has a proc.",
                hint="Add 'proctor.middleware.ProctorMiddleware', or a subclass of "
                "BaseProctorMiddleware, after Django's own middleware.",
                id="proctor.W004",
            )
        )
    if len(ours) > 1:
        found.append(
            checks.Warning(
                f"MIDDLEWARE has {len(ours)} proctor middlewares: "
                f"{', '.join(repr(each.path) for each in ours)}. Each of them identifies the "
                "visitor, and views see only the result of the last one.",
                hint="Keep only one proctor middleware.",
                id="proctor.W005",
            )
        )
    return found


def _not_imported(entry: _Entry) -> checks.CheckMessage:
    error = entry.error
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    of_ours = isinstance(error, ImportError) and f"{error.name}.".startswith("proctor.")
    return checks.Error(
        f"MIDDLEWARE names {entry.path!r}, which cannot be imported: {reason}",
        hint="docs/upgrading.md lists each name of django-proctor 1 with its replacement."
        if of_ours
        else "Correct the path or the module. Until then, the server will not start.",
        id="proctor.E020",
    )


def check_sessions(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Check that session middleware runs before ours if groups are cached in sessions."""
    method = METHODS.get(str(value_of("PROCTOR_CACHE_METHOD")))
    if method is None or not method.needs_sessions:
        return []
    installed = list(_installed())
    sessions = _last(installed, _SESSIONS)
    if sessions is not None and all(sessions.place < each.place for each in _ours(installed)):
        return []
    return [
        checks.Error(
            f"PROCTOR_CACHE_METHOD is {value_of('PROCTOR_CACHE_METHOD')!r}, but no "
            "SessionMiddleware runs before proctor's.",
            hint=f"Add {_SESSIONS!r} to MIDDLEWARE, above the proctor middleware, or set "
            "PROCTOR_CACHE_METHOD to 'cache' or None.",
            id="proctor.E007",
        )
    ]


def installed_middleware() -> list[type]:
    """Return the proctor middlewares in MIDDLEWARE, in order."""
    return [each.middleware for each in _ours(list(_installed()))]


def _of_one(ours: _Ours, installed: list[_Entry]) -> Iterator[checks.CheckMessage]:
    if not (_overrides(ours, _HOOK) or _overrides(ours, f"a{_HOOK}")):
        yield checks.Error(
            f"{ours.path!r} does not identify the visitor, so the server will not start.",
            hint="Override get_identifiers(self, request), or aget_identifiers; "
            "'proctor.middleware.ProctorMiddleware' is ready to use.",
            id="proctor.E012",
        )
    mistake = mistaken_hook(ours.middleware)
    if mistake is not None:
        yield checks.Error(
            f"{mistake}.",
            hint="The server will not start with this middleware. Only the hooks whose "
            "names begin with 'a', such as aget_context, are awaited.",
            id="proctor.E022",
        )
    names_needed = (_USERS,) if _is_ready(ours, _HOOKS) else (_SESSIONS, _USERS)
    behind = [
        needed
        for name in names_needed
        if (needed := _last(installed, name)) is not None and needed.place > ours.place
    ]
    if not behind:
        return
    names = " and ".join(repr(each.path) for each in behind)
    hint = f"Move {ours.path!r} below {names} in MIDDLEWARE."
    misses_users = _is_ready(ours, (_HOOK,)) and behind[-1] == _last(installed, _USERS)
    if misses_users and not settings.PROCTOR_LAZY:
        yield checks.Error(
            f"{ours.path!r} is before {names}, so it cannot know who is signed in.",
            hint=hint,
            id="proctor.E013",
        )
    else:
        yield checks.Warning(
            f"{ours.path!r} is before {names}: hooks that read request.user or "
            "request.session fail if they run before the view.",
            hint=f"{hint} If no hook reads request.user or request.session, silence this check.",
            id="proctor.W006",
        )


def _is_ready(ours: _Ours, hooks: tuple[str, ...]) -> bool:
    """Return True for a `ProctorMiddleware` that does not override any of *hooks*.

    Overridden hooks may read anything, for example `request.session`.
    """
    return issubclass(ours.middleware, ProctorMiddleware) and all(
        getattr(ours.middleware, hook) is getattr(ProctorMiddleware, hook)
        for name in hooks
        for hook in (name, f"a{name}")
    )


def _overrides(ours: _Ours, hook: str) -> bool:
    return getattr(ours.middleware, hook) is not getattr(BaseProctorMiddleware, hook)


def _installed() -> Iterator[_Entry]:
    for place, path in enumerate(settings.MIDDLEWARE):
        try:
            found = import_string(path)
        except Exception as error:  # noqa: BLE001 - importing a module may raise anything
            yield _Entry(place, path, None, error)
        else:
            yield _Entry(place, path, found if isinstance(found, type) else None)


def _ours(installed: list[_Entry]) -> list[_Ours]:
    return [
        _Ours(each.place, each.path, each.middleware)
        for each in installed
        if each.middleware is not None and issubclass(each.middleware, BaseProctorMiddleware)
    ]


def _last(installed: list[_Entry], name: str) -> _Entry | None:
    """Return the last middleware that is the class named *name* or a subclass of that class."""
    return next((each for each in reversed(installed) if _is_a(each, name)), None)


def _is_a(entry: _Entry, name: str) -> bool:
    # Compare by name, because importing Django's own middleware may need apps that are not
    # installed.
    bases = entry.middleware.__mro__ if entry.middleware is not None else ()
    return entry.path == name or any(
        f"{base.__module__}.{base.__qualname__}" == name for base in bases
    )
