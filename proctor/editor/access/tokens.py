"""Bearer tokens for machines.

A token acts as its user, with at most the permissions that the user has at the time of the request.
Its scopes and branches limit these permissions further. A token cannot approve proposals. Only a
hash of the token is stored.
"""

from __future__ import annotations

import enum
import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from proctor.core.messages import nearest
from proctor.core.sentences import Sentence, gettext_noop, listed
from proctor.editor.access import permissions
from proctor.editor.branches import check_branch
from proctor.editor.models import Token
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.revision_models import NAME_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser

__all__ = ["PREFIX", "Scope", "actor_of_token", "bearer", "create_token", "scopes_of"]

#: The prefix of every token, so that scanners for leaked secrets can find it.
PREFIX = "proctor_"
#: Number of random bytes in a token.
_BYTES = 32
#: Number of characters after the prefix that are stored, so that users can tell tokens apart.
_HINT = 4
#: The time of a token's last use is updated at most this often, because each update is a write.
_USE = timedelta(minutes=5)


class Scope(enum.Enum):
    """A kind of action that a token allows."""

    READ = "read"
    REGISTER = "register"
    EDIT = "edit"
    PROMOTE = "promote"
    STOP = "stop"


#: Maps each scope to the permissions that it allows. "promote" stands for the permissions to
#: promote to any branch, such as `promote_qa`.
_ALLOWS = {
    Scope.READ: {permissions.VIEW},
    Scope.REGISTER: {permissions.REGISTER},
    Scope.EDIT: {permissions.VIEW, permissions.EDIT, permissions.DELETE},
    Scope.PROMOTE: {permissions.VIEW, "promote", permissions.DELETE, permissions.OVERRIDE},
    Scope.STOP: {permissions.VIEW, permissions.STOP},
}


def scopes_of(words: Iterable[str]) -> list[Scope]:
    """Return the scopes with these names.

    Raises ValueError for an unknown name or an empty list.
    """
    known = {scope.value: scope for scope in Scope}
    found = []
    for word in words:
        if word not in known:
            text = gettext_noop("there is no scope {word!r}: {known}")
            raise ValueError(Sentence(text, word=word, known=nearest(word, known)))
        found.append(known[word])
    if not found:
        text = gettext_noop("a token needs at least one scope: {names}")
        raise ValueError(Sentence(text, names=listed(known)))
    return found


def create_token(
    user: AbstractBaseUser,
    name: str,
    scopes: Iterable[Scope],
    *,
    branches: Iterable[str] = (),
    expires: datetime | None = None,
) -> tuple[Token, str]:
    """Create a token, and return the token and its secret. The secret cannot be shown again.

    If *branches* is empty, the token is valid for all branches. Raises NotFound for an unknown
    branch, and ValueError if the name is too long.
    """
    if len(name) > NAME_LENGTH:
        text = gettext_noop("the name has {count} characters; at most {limit} are allowed")
        raise ValueError(Sentence(text, count=len(name), limit=NAME_LENGTH))
    secret = PREFIX + secrets.token_urlsafe(_BYTES)
    token = Token.objects.using(write_alias()).create(
        name=name,
        user_id=user.pk,
        digest=_digest(secret),
        hint=secret[len(PREFIX) :][:_HINT],
        scopes=" ".join(sorted(scope.value for scope in scopes)),
        branches="\n".join(check_branch(each) for each in branches),
        created=timezone.now(),
        expires=expires,
    )
    return token, secret


def bearer(header: str | None) -> str | None:
    """Return the bearer token from the Authorization header, or None if there is none."""
    scheme, _, secret = (header or "").strip().partition(" ")
    return secret.strip() if scheme.lower() == "bearer" and secret.strip() else None


def actor_of_token(secret: str) -> permissions.Actor | None:
    """Return the actor for a token.

    Return None if the token is unknown or expired, or if its user is inactive.
    """
    now = timezone.now()
    tokens = Token.objects.using(write_alias()).select_related("user")
    token = tokens.filter(digest=_digest(secret)).first()
    if token is None or (token.expires is not None and token.expires <= now):
        return None
    if not token.user.is_active:
        return None
    stale = Q(last_used=None) | Q(last_used__lt=now - _USE)
    if token.last_used is None or token.last_used < now - _USE:
        tokens.filter(stale, pk=token.pk).update(last_used=now)
    allowed: set[str] = set()
    for scope in token.scopes.split():
        allowed |= _ALLOWS[Scope(scope)]
    branches = frozenset(token.branches.splitlines())
    return permissions.Actor(
        token.user.get_username(), token.user, frozenset(allowed), branches or None
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
