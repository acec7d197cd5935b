"""System checks: what is wrong with the settings, told by `manage.py check` before a visitor.

No check touches the network. Each message has an id, which is never used again for anything
else, and a hint that says the way out; docs/checks.md lists them all.
"""

from __future__ import annotations

from django.core.checks import Tags, register

from proctor.checks.declarations import check_declarations, check_names
from proctor.checks.middleware import check_middleware, check_sessions
from proctor.checks.older import check_removed_settings
from proctor.checks.pages import check_pages
from proctor.checks.sources import check_encryption, check_shared_cache, check_source
from proctor.checks.templates import check_context_processors
from proctor.checks.values import check_settings
from proctor.checks.variables import check_variables
from proctor.checks.variants import check_variants

__all__ = ["CHECKS", "DEPLOY_CHECKS", "TAG", "register_checks"]

#: For `manage.py check --tag proctor`.
TAG = "proctor"

#: Run by `manage.py check`, `runserver`, `migrate` and the tests.
CHECKS = (
    check_settings,
    check_removed_settings,
    check_declarations,
    check_names,
    check_source,
    check_variables,
    check_middleware,
    check_sessions,
    check_context_processors,
    check_variants,
    check_pages,
)

#: Run by `manage.py check --deploy` only; each with the tag of Django's that it has too.
DEPLOY_CHECKS = ((check_encryption, Tags.security), (check_shared_cache, Tags.caches))


def register_checks() -> None:
    """Tell Django of all checks. Harmless when repeated."""
    for check in CHECKS:
        register(check, TAG)
    for deploy_check, tag in DEPLOY_CHECKS:
        register(deploy_check, TAG, tag, deploy=True)
