"""The engine: a Proctor test matrix evaluated in Python with the same results as Java Proctor.

    from proctor.core import Matrix, Proctor

    proctor = Proctor(Matrix.load("proctor-tests-matrix.json"))
    groups = proctor.determine_groups(identifiers={"USER": "pa5xq0lz4n80"})

The engine does not import Django or read settings. The names below are its public API; each name is
imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proctor.core.authoring.moves.refused import ChangeRefused
    from proctor.core.authoring.refusals import Refusal
    from proctor.core.declarations.problems import DeclarationProblem, Fault
    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.declarations.registry import Registry
    from proctor.core.evaluation.engine import Proctor
    from proctor.core.evaluation.explanation import DependencyExplanation, Explanation
    from proctor.core.evaluation.explanation_parts import (
        AllocationExplanation,
        Decision,
        ForceExplanation,
        RangeExplanation,
    )
    from proctor.core.evaluation.groups import (
        GroupAssignment,
        Groups,
        MatrixVersion,
        Property,
        Reason,
    )
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
        UnknownTest,
    )
    from proctor.core.inputs.force_groups import DefaultMode, ForceGroups
    from proctor.core.inputs.source_keys import ContextVariable, IdentifierVariable
    from proctor.core.inputs.variables import Variables
    from proctor.core.java.context_types import ContextType, pipet_type, specification_type
    from proctor.core.matrices.matrix import (
        Allocation,
        Audit,
        Bucket,
        Dependency,
        Matrix,
        PayloadExperimentConfig,
        Range,
        TestDefinition,
    )
    from proctor.core.matrices.payloads import Payload
    from proctor.core.matrices.validation import validate
    from proctor.core.problems import Problem, Severity
    from proctor.core.rules.functions import Function
    from proctor.core.rules.regex.errors import UnsupportedPattern
    from proctor.core.rules.rule import Rule, RuleKind
    from proctor.core.rules.rule_explanation import Operand, RuleExplanation, VariableExplanation
    from proctor.core.rules.signatures import RuleType
    from proctor.core.sources.pipet_source import PipetSource
    from proctor.core.sources.snapshots import Snapshot
    from proctor.core.sources.source import GroupsRequest, MatrixSource, Source

__all__ = [
    "Allocation",
    "AllocationExplanation",
    "Audit",
    "Bucket",
    "ChangeRefused",
    "ConfigurationError",
    "ContextType",
    "ContextVariable",
    "ConversionError",
    "Decision",
    "DeclarationProblem",
    "DefaultMode",
    "Dependency",
    "DependencyExplanation",
    "Explanation",
    "Fault",
    "ForceExplanation",
    "ForceGroups",
    "Function",
    "GroupAssignment",
    "Groups",
    "GroupsRequest",
    "IdentifierError",
    "IdentifierVariable",
    "Matrix",
    "MatrixLoadError",
    "MatrixNotReady",
    "MatrixSource",
    "MatrixVersion",
    "Operand",
    "Payload",
    "PayloadExperimentConfig",
    "PipetSource",
    "Problem",
    "Proctor",
    "ProctorError",
    "ProctorTest",
    "Property",
    "Range",
    "RangeExplanation",
    "Reason",
    "Refusal",
    "Registry",
    "RequestRejected",
    "Rule",
    "RuleError",
    "RuleEvaluationError",
    "RuleExplanation",
    "RuleKind",
    "RuleRuntimeError",
    "RuleSyntaxError",
    "RuleType",
    "RuleTypeError",
    "Severity",
    "Snapshot",
    "Source",
    "SourceError",
    "SourceUnavailable",
    "TestDefinition",
    "UndefinedName",
    "UnknownMethod",
    "UnknownTest",
    "UnsupportedPattern",
    "VariableExplanation",
    "Variables",
    "pipet_type",
    "specification_type",
    "validate",
]

_MODULES = {
    "Allocation": "matrices.matrix",
    "AllocationExplanation": "evaluation.explanation_parts",
    "Audit": "matrices.matrix",
    "Bucket": "matrices.matrix",
    "ChangeRefused": "authoring.moves.refused",
    "ContextType": "java.context_types",
    "ContextVariable": "inputs.source_keys",
    "Decision": "evaluation.explanation_parts",
    "DeclarationProblem": "declarations.problems",
    "DefaultMode": "inputs.force_groups",
    "Dependency": "matrices.matrix",
    "DependencyExplanation": "evaluation.explanation",
    "Explanation": "evaluation.explanation",
    "Fault": "declarations.problems",
    "ForceExplanation": "evaluation.explanation_parts",
    "ForceGroups": "inputs.force_groups",
    "Function": "rules.functions",
    "GroupAssignment": "evaluation.groups",
    "Groups": "evaluation.groups",
    "GroupsRequest": "sources.source",
    "IdentifierVariable": "inputs.source_keys",
    "Matrix": "matrices.matrix",
    "MatrixSource": "sources.source",
    "MatrixVersion": "evaluation.groups",
    "Operand": "rules.rule_explanation",
    "Payload": "matrices.payloads",
    "PayloadExperimentConfig": "matrices.matrix",
    "PipetSource": "sources.pipet_source",
    "Problem": "problems",
    "Proctor": "evaluation.engine",
    "ProctorTest": "declarations.proctor_test",
    "Property": "evaluation.groups",
    "Range": "matrices.matrix",
    "RangeExplanation": "evaluation.explanation_parts",
    "Reason": "evaluation.groups",
    "Refusal": "authoring.refusals",
    "Registry": "declarations.registry",
    "Rule": "rules.rule",
    "RuleExplanation": "rules.rule_explanation",
    "RuleKind": "rules.rule",
    "RuleType": "rules.signatures",
    "Severity": "problems",
    "Snapshot": "sources.reloading",
    "Source": "sources.source",
    "TestDefinition": "matrices.matrix",
    "UnsupportedPattern": "rules.regex.errors",
    "VariableExplanation": "rules.rule_explanation",
    "Variables": "inputs.variables",
    "pipet_type": "java.context_types",
    "specification_type": "java.context_types",
    "validate": "matrices.validation",
}


def __getattr__(name: str) -> Any:
    # A script that only loads a matrix should not have to import the rule language.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES.get(name, 'exceptions')}")
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
