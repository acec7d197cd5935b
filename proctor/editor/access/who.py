"""Identify the user who sent a request, by token or session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser

from proctor.editor.access.permissions import Actor, person
from proctor.editor.access.tokens import actor_of_token, bearer
from proctor.editor.errors import BadToken

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["actor_of", "has_token"]


def has_token(request: HttpRequest) -> bool:
    """Return True if the request has a bearer token, in which case the session is ignored."""
    return bearer(request.headers.get("Authorization")) is not None


def actor_of(request: HttpRequest) -> Actor:
    """Return the actor who sent the request. The actor is anonymous if no user is signed in.

    Raises BadToken if the token is invalid.
    """
    secret = bearer(request.headers.get("Authorization"))
    if secret is None:
        return person(getattr(request, "user", None) or AnonymousUser())
    actor = actor_of_token(secret)
    if actor is None:
        raise BadToken("the token is unknown or expired, or its user is not active")
    return actor
