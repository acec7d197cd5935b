"""The state of one call of the engine: its inputs and results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.core.evaluation.chooser import holds
from proctor.core.evaluation.experiments import won_properties
from proctor.core.evaluation.groups import Groups
from proctor.core.exceptions import ConversionError, RuleError
from proctor.core.java.conversion import plain_text
from proctor.core.java.frozen import EMPTY
from proctor.core.java.undeclared import as_rules_see
from proctor.core.matrices.rule_check import MISSING_EXPERIMENTAL_UNIT
from proctor.core.rules.scope import Scope, plain_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.core.evaluation.plan import Plan, Unread
    from proctor.core.java.context_types import ContextType
    from proctor.core.rules.rule import Rule

__all__ = ["INCOGNITO", "EngineCall", "Unprepared", "has_refused", "is_incognito", "unprepared"]

#: The context variable that the engine itself reads.
INCOGNITO = "isIncognitoUser"


class EngineCall:
    """The inputs of one call, and its results so far.

    Most calls have no errors, and many do not evaluate any closure. Therefore the dicts for errors
    and the scope for closures are created only when they are needed; until then, the class
    attributes serve as defaults.
    """

    #: The error of each test whose rule failed.
    _errors: dict[str, RuleError] | None = None
    #: The variables as rules see them; created on first use.
    _scope: Scope | None = None
    _failed: dict[Rule, RuleError] | None = None
    #: For each variable that is missing from the scope, the reason why it is missing.
    variable_errors: Mapping[str, str] = EMPTY

    def __init__(self, plan: Plan, context: Mapping[str, Any]) -> None:
        self.plan = plan
        self.context = context

    @property
    def errors(self) -> dict[str, RuleError]:
        """The error of each test whose rule failed."""
        if self._errors is None:
            self._errors = {}
        return self._errors

    @property
    def failed(self) -> dict[Rule, RuleError]:
        """The error of each rule that failed."""
        if self._failed is None:
            self._failed = {}
        return self._failed

    @property
    def scope(self) -> Scope:
        """The variables as rules see them; created on first access."""
        return self._scope or self.convert()

    def convert(self) -> Scope:
        """Convert the whole context, and store failed conversions in `variable_errors`."""
        if self._scope is None:
            types = self.plan.types
            scope = self._plain_scope() if types is None else self._converted_scope(types)
            scope[MISSING_EXPERIMENTAL_UNIT] = False
            self._scope = scope
        return self._scope

    def _converted_scope(self, types: Mapping[str, ContextType]) -> Scope:
        scope = Scope()
        refused: dict[str, str] = {}
        for name, value in self.context.items():
            declared = types.get(name)
            try:
                scope[name] = as_rules_see(value) if declared is None else declared.convert(value)
            except ConversionError as error:
                refused[name] = str(error)
        if refused:
            self.variable_errors = refused
        return scope

    def _plain_scope(self) -> Scope:
        """Return the scope for a context whose variables have no declared types."""
        scope, refused = plain_scope(self.context)
        if refused:
            self.variable_errors = refused
        return scope

    def ask(self, rule: Rule) -> bool | None:
        """Return True if *rule* holds, False if not, and None if it fails."""
        scope = self._scope or self.convert()
        try:
            return rule.holds(scope)
        except Exception:  # noqa: BLE001 - most rules do not fail, and pay for no second look
            try:
                return holds(rule, scope)
            except RuleError as error:
                self.failed[rule] = error
                return None

    def notice_refusals(self, unread: Unread) -> None:
        """Report values that cannot be converted, including those that no rule has read."""
        if self._scope is None and has_refused(self.context, unread):
            self.convert()

    def result(self, groups: dict[str, GroupAssignment]) -> Groups:
        """Return the groups, all errors, and the properties from payload experiments."""
        if self.plan.experiments:
            properties, unlogged = won_properties(self.plan.experiments, groups)
            return Groups(groups, self._errors or EMPTY, properties, self.variable_errors, unlogged)
        return Groups(groups, self._errors or EMPTY, EMPTY, self.variable_errors)


def is_incognito(context: Mapping[str, Any], types: Mapping[str, ContextType] | None) -> bool:
    """Return True if the visitor is incognito  [Proctor.determineTestGroups]."""
    value = context.get(INCOGNITO)
    # A shortcut for the two most common values. Neither is converted to "true".
    if value is None or value is False:
        return False
    if types is not None and INCOGNITO in types:
        try:
            value = types[INCOGNITO].convert(value)
        except ConversionError:
            return False
    return value is not None and plain_text(value).lower() == "true"


def has_refused(context: Mapping[str, Any], unread: Unread) -> bool:
    """Return True if one of the *unread* variables has a value that cannot be converted."""
    get = context.get
    for name, usual, converts in unread:
        value = get(name)
        if value is not None and type(value) is not usual and not converts(value):
            return True
    return False


class Unprepared(Exception):  # noqa: N818 - no error: it says that an EngineCall is needed
    """Raised if a function that needs an EngineCall is called without one."""


def unprepared(*_: object) -> bool | None:
    """Stand in for `ask` and `convert` if there is no EngineCall; always raise Unprepared."""
    raise Unprepared
