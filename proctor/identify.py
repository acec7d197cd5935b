"""Determine groups outside a request: in Celery tasks, commands and email templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proctor.conf import settings
from proctor.core.exceptions import ConfigurationError
from proctor.core.sources.source import GroupsRequest
from proctor.resolving.ask_source import ask
from proctor.resolving.site_setup import current_setup, current_variables
from proctor.resolving.source_answer import SourceAnswer
from proctor.visits.proc import Proc

__all__ = ["identify", "proc_by_accountid"]

_ACCOUNT = "ACCOUNT"


def identify(identifiers: Mapping[str, Any], context: Mapping[str, Any] | None = None) -> Proc:
    """Return the `proc` of the visitor with these identifiers.

    The keys of *identifiers* and *context* are source keys. The result behaves like `request.proc`,
    except that its exposures have no request. The groups are determined at the first read. Raises
    TypeError if either argument is not a mapping.
    """
    for name, value in (("identifiers", identifiers), ("context", context or {})):
        if not isinstance(value, Mapping):
            kind = type(value).__qualname__  # do not show the value: it may identify a visitor
            raise TypeError(f"identify: expected {name} as a dict with source keys, got a {kind}")
    setup = current_setup()
    asked = GroupsRequest(
        identifiers=dict(identifiers),
        context=dict(context or {}),
        tests=setup.registry.names,
    )

    def resolve() -> SourceAnswer:
        return ask(setup, asked, None) if setup.registry else SourceAnswer()

    return Proc(setup, resolve, identifiers=asked.identifiers)


def proc_by_accountid(accountid: Any) -> Proc:
    """Return the `proc` of an account without any context, as in django-proctor 1.

    A Pipet receives the same data as from version 1: the source key `account` and an empty `ua`.
    With a matrix, the source key is the one that PROCTOR_IDENTIFIERS maps to ACCOUNT, or, if there
    is none, ACCOUNT itself.
    """
    if settings.PROCTOR_API_ROOT and not settings.PROCTOR_SOURCE:
        return identify({"account": accountid}, {"ua": ""})
    return identify({_account_key(): accountid})


def _account_key() -> str:
    try:
        variables = current_variables().identifier_variables
    except ConfigurationError:
        # Ignore the error here: the source fails with the same error, and reports it.
        return _ACCOUNT
    return next((each.source_key for each in variables if each.test_type == _ACCOUNT), _ACCOUNT)
