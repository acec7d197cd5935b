"""Groups outside of a request: in Celery tasks, commands and e-mail templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proctor.answers import ask
from proctor.configuration import current_configuration, current_variables
from proctor.core.exceptions import ConfigurationError
from proctor.core.sources import GroupsRequest
from proctor.proc import Proc
from proctor.resolution import Resolution

__all__ = ["identify", "proc_by_accountid"]

_ACCOUNT = "ACCOUNT"


def identify(identifiers: Mapping[str, Any], context: Mapping[str, Any] | None = None) -> Proc:
    """The `proc` of whoever these identifiers, by source key, belong to.

    It behaves as `request.proc` does; exposures have no request. The groups are determined
    at the first read. Raises TypeError where either argument is no mapping.
    """
    for name, value in (("identifiers", identifiers), ("context", context or {})):
        if not isinstance(value, Mapping):
            raise TypeError(f"identify got the {name} {value!r}; give a dict by source key")
    configuration = current_configuration()
    asked = GroupsRequest(
        identifiers=dict(identifiers),
        context=dict(context or {}),
        tests=configuration.registry.names,
    )

    def resolve() -> Resolution:
        return ask(configuration, asked, None) if configuration.registry else Resolution()

    return Proc(configuration, resolve)


def proc_by_accountid(accountid: Any) -> Proc:
    """The `proc` of an account, as django-proctor 1 had it: without any context.

    The source key is the one that PROCTOR_IDENTIFIERS leads to ACCOUNT, else ACCOUNT itself.
    """
    return identify({_account_key(): accountid})


def _account_key() -> str:
    try:
        variables = current_variables().identifier_variables
    except ConfigurationError:
        # The same mistake stops the source, which tells of it.
        return _ACCOUNT
    return next((each.source_key for each in variables if each.test_type == _ACCOUNT), _ACCOUNT)
