"""System checks: `manage.py check` reports mistakes in the settings before visitors notice.

No check uses the network. Each message has an id, which is never reused for a different check, and
a hint that says how to fix the problem. docs/checks.md lists all checks.
"""

from __future__ import annotations

from django.core.checks import Tags, register

from proctor.checks.declarations import check_declarations, check_defaults, check_names
from proctor.checks.id_cookie import check_id_cookie
from proctor.checks.local_matrix import check_local_matrix
from proctor.checks.middleware import check_middleware, check_sessions
from proctor.checks.object_stores import check_object_store
from proctor.checks.ofrep import check_ofrep
from proctor.checks.older import (
    check_mixed_middleware,
    check_overridden_methods,
    check_removed_loggers,
    check_removed_settings,
    check_removed_tags,
)
from proctor.checks.pages import check_bar, check_pages
from proctor.checks.sources import check_encryption, check_shared_cache, check_source
from proctor.checks.templates import (
    check_cached_fragments,
    check_context_processors,
    check_group_comparisons,
    check_misspelled_tests,
)
from proctor.checks.values import check_settings
from proctor.checks.variables import check_variables
from proctor.checks.variants import check_variants

__all__ = ["CHECKS", "DEPLOY_CHECKS", "TAG", "register_checks"]

#: For `manage.py check --tag proctor`.
TAG = "proctor"

#: Run by `manage.py check`, `runserver`, `migrate` and the test runner.
CHECKS = (
    check_settings,
    check_id_cookie,
    check_removed_settings,
    check_removed_loggers,
    check_declarations,
    check_names,
    check_defaults,
    check_source,
    check_object_store,
    check_local_matrix,
    check_variables,
    check_middleware,
    check_mixed_middleware,
    check_overridden_methods,
    check_sessions,
    check_context_processors,
    check_cached_fragments,
    check_group_comparisons,
    check_misspelled_tests,
    check_removed_tags,
    check_variants,
    check_pages,
    check_ofrep,
    check_bar,
)

#: Run only by `manage.py check --deploy`. Each check also has one of Django's own tags.
DEPLOY_CHECKS = ((check_encryption, Tags.security), (check_shared_cache, Tags.caches))


def register_checks() -> None:
    """Register all checks with Django. Calling it again is harmless."""
    for check in CHECKS:
        register(check, TAG)
    for deploy_check, tag in DEPLOY_CHECKS:
        register(deploy_check, TAG, tag, deploy=True)
