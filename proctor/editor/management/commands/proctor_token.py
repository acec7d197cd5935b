"""`manage.py proctor_token`: create a bearer token for a machine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from proctor.editor.access.tokens import Scope, create_token, scopes_of
from proctor.editor.management.options import known_branch

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from django.contrib.auth.models import AbstractBaseUser


class Command(BaseCommand):
    """Create a token, and print it once."""

    help = "Creates a bearer token that acts as a user, and prints it. It cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("name", help="the purpose of the token, shown in lists")
        parser.add_argument(
            "--user", required=True, metavar="NAME", help="the user that the token acts as"
        )
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            metavar="SCOPE",
            help=f"one of {', '.join(scope.value for scope in Scope)}; may be repeated",
        )
        parser.add_argument(
            "--branch",
            action="append",
            default=[],
            help="a branch that the token is limited to; may be repeated",
        )
        parser.add_argument("--days", type=int, metavar="N", help="days until the token expires")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the token, and print only the secret on standard output, for scripts."""
        user = _user(options["user"])
        try:
            scopes = scopes_of(options["scope"])
        except ValueError as error:
            raise CommandError(f"--scope: {error}") from error
        days = options["days"]
        if days is not None and days < 1:
            raise CommandError(f"--days: expected 1 or more, got {days}")
        branches = [known_branch(each) for each in options["branch"]]
        expires = None if days is None else timezone.now() + timedelta(days=days)
        try:
            _token, secret = create_token(
                user, options["name"], scopes, branches=branches, expires=expires
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stderr.write("Keep this token: it is not shown again.")
        self.stdout.write(secret)


def _user(name: str) -> AbstractBaseUser:
    users = get_user_model()
    try:
        return users._default_manager.get_by_natural_key(name)  # noqa: SLF001 - the documented way
    except users.DoesNotExist:
        raise CommandError(f"--user: there is no user {name!r}") from None
