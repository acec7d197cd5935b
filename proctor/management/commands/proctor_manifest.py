"""`manage.py proctor_manifest`: print the declared tests as an OpenFeature flag manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from proctor.cli.printing import pretty_json
from proctor.core.flags.manifest import declared_flags, manifest_file
from proctor.management.live_matrix import add_matrix, live_matrix, one_line
from proctor.resolving.site_setup import current_setup

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Print the flags that `proctor.ofrep.urls` serves."""

    help = (
        "Prints the tests in PROCTOR_TESTS as an OpenFeature flag manifest. Save it as "
        "flags.json, and run `openfeature generate` to generate typed clients for React, Go, Java "
        "and others."
    )

    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        add_matrix(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the manifest."""
        with one_line():
            registry = current_setup().registry
            definitions = live_matrix(options["matrix"]).proctor.matrix.tests
            flags = declared_flags(registry, definitions, registry)
        self.stdout.write(pretty_json(manifest_file(flags)))
