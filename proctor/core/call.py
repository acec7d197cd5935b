"""What one call of the engine needs, and what it finds on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.core.chooser import holds
from proctor.core.conversion import plain_text
from proctor.core.exceptions import ConversionError, RuleError
from proctor.core.experiments import won_properties
from proctor.core.frozen import EMPTY
from proctor.core.groups import Groups
from proctor.core.rule_check import MISSING_EXPERIMENTAL_UNIT
from proctor.core.rules.compiler import Scope
from proctor.core.rules.numerals import LONG_MAX, LONG_MIN
from proctor.core.rules.values import BigInteger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.context_types import ContextType
    from proctor.core.groups import GroupAssignment, Property
    from proctor.core.plan import Plan

__all__ = ["INCOGNITO", "Call"]

#: A context variable that the engine itself reads.
INCOGNITO = "isIncognitoUser"


class Call:
    """What one call needs and finds.

    Most calls find nothing wrong, and many ask no closure: what they do not need is not
    made, and the attributes of the class stand for it.
    """

    #: The tests in which a rule failed.
    _errors: dict[str, RuleError] | None = None
    #: The variables as rules see them, once someone asked.
    _scope: Scope | None = None
    _failed: dict[int, RuleError] | None = None
    #: Why variables are left out of the scope, by name.
    variable_errors: Mapping[str, str] = EMPTY

    def __init__(self, plan: Plan, context: Mapping[str, Any]) -> None:
        self.plan = plan
        self.context = context

    @property
    def errors(self) -> dict[str, RuleError]:
        """The tests in which a rule failed."""
        if self._errors is None:
            self._errors = {}
        return self._errors

    @property
    def failed(self) -> dict[int, RuleError]:
        """What rules that failed raised, by their numbers."""
        if self._failed is None:
            self._failed = {}
        return self._failed

    @property
    def scope(self) -> Scope:
        """The variables as rules see them; made when it is first asked for."""
        return self._scope or self.convert()

    def convert(self) -> Scope:
        """Convert the whole context; what cannot be converted is then in `variable_errors`."""
        if self._scope is None:
            types = self.plan.types
            scope = _plain_scope(self.context) if types is None else self._converted_scope(types)
            scope[MISSING_EXPERIMENTAL_UNIT] = False
            self._scope = scope
        return self._scope

    def _converted_scope(self, types: Mapping[str, ContextType]) -> Scope:
        scope = Scope()
        refused: dict[str, str] = {}
        for name, value in self.context.items():
            declared = types.get(name)
            if declared is None:
                scope[name] = value
                continue
            try:
                scope[name] = declared.convert(value)
            except ConversionError as error:
                refused[name] = str(error)
        if refused:
            self.variable_errors = refused
        return scope

    def ask(self, number: int) -> bool | None:
        """Whether the rule of that number holds; None where it fails."""
        scope = self._scope or self.convert()
        try:
            return self.plan.closures[number](scope)
        except Exception:  # noqa: BLE001 - most rules do not fail, and pay for no second look
            try:
                return holds(self.plan.rules[number], scope)
            except RuleError as error:
                self.failed[number] = error
                return None

    def notice_refusals(self) -> None:
        """See that a value that cannot be converted is reported, though no rule asked for it."""
        if self._scope is None:
            get = self.context.get
            for name, converts in self.plan.unread:
                if (value := get(name)) is not None and not converts(value):
                    self.convert()
                    return

    def is_incognito(self) -> bool:
        """Whether the visitor is one to be left alone  [Proctor.determineTestGroups]."""
        # The usual value decides by itself: converted or not, it is never "true".
        if self.context[INCOGNITO] is False:
            return False
        value = self.scope.get(INCOGNITO)
        return value is not None and plain_text(value).lower() == "true"

    def result(self, groups: dict[str, GroupAssignment]) -> Groups:
        """The groups, with what went wrong, and the properties that they won."""
        properties: Mapping[str, Property] = EMPTY
        unlogged: frozenset[str] = frozenset()
        if self.plan.experiments:
            properties, unlogged = won_properties(self.plan.experiments, groups)
        return Groups(groups, self._errors or EMPTY, properties, self.variable_errors, unlogged)


def _plain_scope(context: Mapping[str, Any]) -> Scope:
    scope = Scope(context)
    for name, value in context.items():
        if type(value) is int and not LONG_MIN <= value <= LONG_MAX:
            scope[name] = BigInteger(value)
    return scope
