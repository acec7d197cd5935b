"""A client of the API that sends and receives JSON."""

from __future__ import annotations

import json

from django.contrib.auth.models import Permission, User
from django.test import Client

from proctor.editor.access.tokens import Scope, create_token

NAME = "buttontst"


def user_with(*permissions, name="ada"):
    user = User.objects.create_user(name)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return User.objects.get(pk=user.pk)


class Api:
    """Sends a bearer token, unless *client* is signed in."""

    def __init__(self, secret=None, client=None):
        self.client = client or Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def __call__(self, method, path, body=None, *, raw=None, headers=None, **query):
        content = json.dumps(body) if raw is None and body is not None else raw or ""
        return self.client.generic(
            method,
            f"/proctor/api/{path}",
            content,
            content_type="application/json",
            headers={**self.headers, **(headers or {})},
            query_params={name: str(value) for name, value in query.items()},
        )

    def get(self, path, **query):
        return self("GET", path, **query)

    def post(self, path, body):
        return self("POST", path, body)

    def put(self, definition, base, *, test=NAME, **more):
        return self("PUT", f"tests/{test}/", {"definition": definition, "base": base, **more})


def api_of(user, scopes=Scope, branches=()):
    return Api(create_token(user, "ci", scopes, branches=branches)[1])


def boss_api():
    return api_of(User.objects.create_superuser("boss"))
