"""`demo [PORT]`: run the shop, its editor and its results, with two weeks of visitors."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.management.commands import runserver
from django.urls import reverse

from testproject.demo.preparing import prepare
from testproject.shop.first_start import ADMIN

__all__ = ["Command"]


class Command(runserver.Command):
    """Run Django's development server with the demo's database, and print the URLs."""

    help = "Start the shop, its editor and its results, with two weeks of simulated visitors."
    #: Set by the base class.
    addr: str

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill the database on the first start, and run the server."""
        self.stdout.write("Preparing the demo. The first start takes a few seconds …")
        self.stdout.flush()
        prepare()
        super().handle(*args, **{**options, "use_reloader": False, "skip_checks": True})

    def on_bind(self, server_port: int) -> None:
        """Print the three URLs once the server accepts requests."""
        # Log lines would push the URLs out of sight. Set the levels here, because loading the
        # application would reset levels that were set earlier.
        for name in ("django.request", "django.server", "testproject"):
            logging.getLogger(name).setLevel(logging.ERROR)
        host = f"[{self.addr}]" if ":" in self.addr else self.addr
        root = f"http://{host}:{server_port}"
        self.stdout.write(
            f"\nThe demo is running; press Control-C to stop it.\n"
            f"Sign in as {ADMIN} with the password {ADMIN}.\n"
            "The shop uses the production branch: edit a test on trunk, then promote it.\n"
            f"To start over, delete {settings.DATABASES['default']['NAME']}.\n\n"
            f"  Shop     {root}{reverse('shop:home')}\n"
            f"  Editor   {root}{reverse('proctor_editor:tests')}\n"
            f"  Results  {root}{reverse('proctor_results:tests')}\n"
        )
        self.stdout.flush()
