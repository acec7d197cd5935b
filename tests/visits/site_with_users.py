r"""A site with Django's users in a database, tested with each kind of server and view.

    DJANGO_SETTINGS_MODULE=tests.visits.settings_with_users SITE_DIRECTORY=DIRECTORY \
        python -m tests.visits.site_with_users DIRECTORY

prints the results of all scenarios as JSON: `{scenario: {stack: [account, group]}}`; for lazy
values also the groups of CONTEXT_TESTS. It is a separate process because the tests' own settings
have no database.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import django
from asgiref.sync import iscoroutinefunction
from django.urls import path
from django.utils.decorators import sync_and_async_middleware

from proctor.middleware import BaseProctorMiddleware
from tests.site_matrices import definition, one_bucket, write_matrix
from tests.visits.settings_with_users import CONTEXT_TESTS, stack

AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
OURS = "proctor.middleware.ProctorMiddleware"


def replacing(make: Any) -> Any:
    """Return a middleware that sets `request.user` to the result of *make*, on each server."""

    @sync_and_async_middleware
    def middleware(get_response: Any) -> Any:
        if iscoroutinefunction(get_response):

            async def awaited(request: Any) -> Any:
                from asgiref.sync import sync_to_async

                request.user = await sync_to_async(make)()
                return await get_response(request)

            return awaited

        def plain(request: Any) -> Any:
            request.user = make()
            return get_response(request)

        return plain

    return middleware


def user_named(name: str) -> Any:
    from django.contrib.auth.models import User

    return User.objects.get(username=name)


def anonymous() -> Any:
    from django.contrib.auth.models import AnonymousUser

    return AnonymousUser()


def lazily(name: str) -> Any:
    from django.utils.functional import SimpleLazyObject

    return SimpleLazyObject(lambda: user_named(name))


class Token:
    """The user of a token: a class of the site, with permissions in the database."""

    is_authenticated = is_active = True
    pk = "t1"

    @property
    def is_staff(self) -> bool:
        return bool(user_named("boss").is_staff)


class NoKey:
    is_authenticated = True


impersonating = replacing(lambda: user_named("customer"))
promoting = replacing(lambda: user_named("boss"))
pending = replacing(anonymous)
removing = replacing(lambda: None)
tokens = replacing(Token)
keyless = replacing(NoKey)
lazy_tokens = replacing(lambda: lazily("boss"))
lazy_nobody = replacing(lambda: lazily("nobody"))


class Loading(BaseProctorMiddleware):
    """Hooks whose results are loaded only when they are read."""

    def get_identifiers(self, request: Any) -> Any:
        from django.utils.functional import SimpleLazyObject

        return {"USER": SimpleLazyObject(lambda: user_named("boss").pk), "ACCOUNT": lazily("boss")}

    def get_context(self, request: Any) -> Any:
        from django.contrib.auth.models import User
        from django.utils.functional import SimpleLazyObject

        names = User.objects.order_by("pk").values_list("username", flat=True)
        return {
            "user": request.user,
            "name": SimpleLazyObject(lambda: user_named("boss").username),
            "names": names,
            "nested": {"names": names.all()},
            "token": Token(),
        }


class AwaitedLoading(BaseProctorMiddleware):
    """Like Loading, with awaitable hooks, which return on the event loop."""

    async def aget_identifiers(self, request: Any) -> Any:
        return Loading.get_identifiers(self, request)  # type: ignore[arg-type]

    async def aget_context(self, request: Any) -> Any:
        return Loading.get_context(self, request)  # type: ignore[arg-type]

    async def ais_privileged(self, request: Any) -> Any:
        from django.contrib.auth.models import User

        return User.objects.filter(is_staff=True)


@sync_and_async_middleware
def awaited_only(get_response: Any) -> Any:
    """Replace only `request.auser`, as an ASGI-only middleware may do."""
    if not iscoroutinefunction(get_response):
        return get_response

    async def middleware(request: Any) -> Any:
        async def auser() -> Any:
            return Token()

        request.auser = auser
        return await get_response(request)

    return middleware


def shown(request: Any) -> Any:
    from django.http import JsonResponse

    from proctor.visits.visit import Visit

    group = request.proc.buttoncolortst.group
    visit = Visit.of(request)
    asked = visit.asked if visit else None
    account = None if asked is None else asked.identifiers.get("ACCOUNT")
    found = [str(account) if asked else "failed", group]
    if isinstance(visit and visit._hooks._middleware, (Loading, AwaitedLoading)):
        found += [request.proc[name].group for name in CONTEXT_TESTS]
    return JsonResponse(found, safe=False)


async def ashown(request: Any) -> Any:
    return shown(request)


urlpatterns = [path("plain", shown), path("coroutine", ashown)]


#: The middleware, the user of the session, and the headers.
SCENARIOS: dict[str, tuple[list[str], str, dict[str, str]]] = {
    "a session": (stack(), "boss", {}),
    "a customer's session": (stack(), "customer", {}),
    "no session": (stack(), "", {}),
    "no users": (stack(auth=False), "", {}),
    "impersonation": (stack(f"{__name__}.impersonating"), "boss", {}),
    "promotion": (stack(f"{__name__}.promoting"), "customer", {}),
    "second factor": (stack(f"{__name__}.pending"), "boss", {}),
    "None": (stack(f"{__name__}.removing"), "boss", {}),
    "a token": (stack(f"{__name__}.tokens", auth=False), "", {}),
    "a token without a key": (stack(f"{__name__}.keyless", auth=False), "", {}),
    "a lazy token": (stack(f"{__name__}.lazy_tokens"), "", {}),
    "a lazy token that fails": (stack(f"{__name__}.lazy_nobody"), "", {}),
    "REMOTE_USER": (
        stack("django.contrib.auth.middleware.RemoteUserMiddleware"),
        "",
        {"REMOTE_USER": "boss", "HTTP_REMOTE_USER": "boss"},
    ),
    "lazy values": (stack(ours=f"{__name__}.Loading"), "boss", {}),
    "awaited lazy values": (stack(ours=f"{__name__}.AwaitedLoading"), "boss", {}),
    "auser alone": (stack(f"{__name__}.awaited_only"), "", {}),
}


def answers(scenario: str) -> dict[str, Any]:
    """Return the results of a scenario under WSGI and ASGI, in a plain view and in a coroutine."""
    from django.test import AsyncClient, Client, override_settings

    middleware, user, meta = SCENARIOS[scenario]
    found: dict[str, Any] = {}
    with override_settings(MIDDLEWARE=middleware, DEBUG=scenario != "a lazy token that fails"):
        for view in ("plain", "coroutine"):
            address = f"/{view}?prforceGroups=buttoncolortst2"
            client = Client()
            if user:
                client.force_login(user_named(user))
            found[f"wsgi {view}"] = client.get(address, **meta).json()
            async_client = AsyncClient()
            if user:
                async_client.cookies = client.cookies
            headers = {"remote-user": meta["REMOTE_USER"]} if meta else {}
            response = asyncio.run(_get(async_client, address, headers))
            found[f"asgi {view}"] = response.json()
    return found


async def _get(client: Any, address: str, headers: dict[str, str]) -> Any:
    return await client.get(address, headers=headers)


def main(directory: str) -> None:
    for_boss = one_bucket("boss", 1)
    write_matrix(
        Path(directory),
        buttoncolortst=definition(one_bucket("blue", 1), one_bucket("green", 2)),
        usertst=definition(for_boss, rule="${user.username == 'boss'}"),
        textst=definition(for_boss, rule="${name == 'boss'}"),
        listtst=definition(for_boss, rule="${proctor:contains(names, 'boss')}"),
        nestedtst=definition(for_boss, rule="${nested.names[1] == 'boss'}"),
        tokentst=definition(for_boss, rule="${token.is_staff}"),
    )
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    User.objects.create_user("customer", pk=7)
    User.objects.create_user("boss", pk=9, is_staff=True)
    print(json.dumps({each: answers(each) for each in SCENARIOS}))


if __name__ == "__main__":
    # Django imports this module by its name, and must not get a second copy of it.
    importlib.import_module("tests.visits.site_with_users").main(*sys.argv[1:])
