"""The engine: a Proctor test matrix evaluated in Python, with the Java's answers.

    from proctor.core import Matrix, Proctor

    proctor = Proctor(Matrix.load("proctor-tests-matrix.json"))
    groups = proctor.determine_groups(identifiers={"USER": "pa5xq0lz4n80"})

It imports no Django and reads no settings. The names below are its front doors; what stands
behind each is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proctor.core.context_types import ContextType, pipet_type, specification_type
    from proctor.core.engine import Proctor
    from proctor.core.exceptions import (
        ConfigurationError,
        ConversionError,
        IdentifierError,
        MatrixLoadError,
        MatrixNotReady,
        ProctorError,
        RequestRejected,
        RuleError,
        RuleEvaluationError,
        RuleRuntimeError,
        RuleSyntaxError,
        RuleTypeError,
        SourceError,
        SourceUnavailable,
        UndefinedName,
        UnknownMethod,
    )
    from proctor.core.forcing import ForceGroups
    from proctor.core.groups import GroupAssignment, Groups, Reason
    from proctor.core.matrix import Matrix, TestDefinition
    from proctor.core.pipet_client import PipetSource
    from proctor.core.problems import Problem, Severity
    from proctor.core.rules.functions import Function
    from proctor.core.rules.rule import Rule
    from proctor.core.sources import GroupsRequest, MatrixSource, Source
    from proctor.core.validation import validate
    from proctor.core.variables import Variables

__all__ = [
    "ConfigurationError",
    "ContextType",
    "ConversionError",
    "ForceGroups",
    "Function",
    "GroupAssignment",
    "Groups",
    "GroupsRequest",
    "IdentifierError",
    "Matrix",
    "MatrixLoadError",
    "MatrixNotReady",
    "MatrixSource",
    "PipetSource",
    "Problem",
    "Proctor",
    "ProctorError",
    "Reason",
    "RequestRejected",
    "Rule",
    "RuleError",
    "RuleEvaluationError",
    "RuleRuntimeError",
    "RuleSyntaxError",
    "RuleTypeError",
    "Severity",
    "Source",
    "SourceError",
    "SourceUnavailable",
    "TestDefinition",
    "UndefinedName",
    "UnknownMethod",
    "Variables",
    "pipet_type",
    "specification_type",
    "validate",
]

_MODULES = {
    "ContextType": "context_types",
    "ForceGroups": "forcing",
    "Function": "rules.functions",
    "GroupAssignment": "groups",
    "Groups": "groups",
    "GroupsRequest": "sources",
    "Matrix": "matrix",
    "MatrixSource": "sources",
    "PipetSource": "pipet_client",
    "Problem": "problems",
    "Proctor": "engine",
    "Reason": "groups",
    "Rule": "rules.rule",
    "Severity": "problems",
    "Source": "sources",
    "TestDefinition": "matrix",
    "Variables": "variables",
    "pipet_type": "context_types",
    "specification_type": "context_types",
    "validate": "validation",
}


def __getattr__(name: str) -> Any:
    # A script that only wants to load a matrix should not wait for the rule language.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES.get(name, 'exceptions')}")
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
