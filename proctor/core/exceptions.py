"""What can go wrong in the core.

    ProctorError
    ├── MatrixLoadError              the Java refuses the whole matrix; nothing was loaded
    ├── ConfigurationError           what the application said of itself makes no sense
    ├── IdentifierError              an identifier that a call may not bring
    ├── UnknownTest                  the matrix has no test of that name
    ├── SourceError                  a source has no answer
    │   ├── MatrixNotReady           … because no matrix has been loaded yet
    │   ├── SourceUnavailable        … because a service is down, or not understood
    │   └── RequestRejected          … to this one request, which the service refuses
    ├── ConversionError              a value that does not fit the type declared for it
    └── RuleError                    where the Java throws
        ├── RuleSyntaxError          the text is no expression, or is over a limit
        ├── RuleTypeError            the expression is not a boolean one
        └── RuleEvaluationError      the value could not be computed
            ├── UndefinedName        no such variable, or no such property
            ├── UnknownMethod        no such method, or none that a rule may call
            └── RuleRuntimeError  a plain runtime exception of the Java's

Every error says what it is about, shows the value and says what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proctor.core.problems import Problem


class ProctorError(Exception):
    """Base of everything that the core raises on purpose."""


class MatrixLoadError(ProctorError, ValueError):
    """The matrix cannot be loaded at all, where the Java's load fails too.

    A matrix with a bad test is not that: such a test is dropped, see
    `Proctor.dropped`.
    """

    #: What was found, most important first; empty where the document is no JSON.
    problems: tuple[Problem, ...]

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class ConfigurationError(ProctorError, ValueError):
    """A declaration (a context type, a test type, a pipet-config.json) is wrong."""


class IdentifierError(ProctorError, ValueError):
    """A call brought an identifier of a type that cannot be given: RANDOM."""


class UnknownTest(ProctorError, KeyError):  # noqa: N818 - reads as the field says it
    """A test was asked for by a name that is not in the matrix."""

    def __str__(self) -> str:
        # A KeyError shows the repr of its argument; this is a sentence.
        return str(self.args[0])


class SourceError(ProctorError):
    """A source cannot answer now."""


class MatrixNotReady(SourceError):  # noqa: N818 - a state, not a fault
    """No matrix has been loaded yet, and the time to wait for one is over."""


class SourceUnavailable(SourceError):  # noqa: N818 - a state, not a fault
    """A service does not answer, or not what it should, and so it is left alone for a while.

    The source has logged that itself, once for the outage.
    """

    #: Whether the service was asked at all for this.
    asked: bool

    def __init__(self, message: str, *, asked: bool = True) -> None:
        super().__init__(message)
        self.asked = asked


class RequestRejected(SourceError):  # noqa: N818 - says what happened to the request
    """A service refuses this request, and would answer another one.

    The source has logged that itself, now and then.
    """

    #: The status of HTTP, from 400 to 499.
    status: int

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class ConversionError(ProctorError, ValueError):
    """A value cannot be converted to the type declared for its variable."""

    #: The reason that the Java gives: `NumberFormatException`, or a sentence.
    reason: str

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class RuleError(ProctorError, ValueError):
    """A rule failed where the Java throws."""

    #: Name of the exception that the Java throws.
    java_class: str = "javax.el.ELException"
    #: What the Java says, where that is known word for word.
    java_message: str | None = None
    #: 1-based column in the rule's text, where one is known.
    column: int | None = None

    def __init__(
        self, message: str, *, java_class: str | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        if java_class is not None:
            self.java_class = java_class
        if column is not None:
            self.column = column


class RuleSyntaxError(RuleError):
    """The text cannot be parsed, names a function that is not there, or is over a limit."""


class RuleTypeError(RuleError):
    """The expression is well-formed and not boolean (Java: RuleEvaluator's type check)."""

    java_class = "java.lang.IllegalArgumentException"


class RuleEvaluationError(RuleError):
    """The value could not be computed for this visitor."""


class UndefinedName(RuleEvaluationError):  # noqa: N818 - reads as the field says it
    """A variable that is not there, or a property that its value does not have."""

    java_class = "javax.el.PropertyNotFoundException"

    #: The variable of the rule that is not there; None where it is a property. Unlike the
    #: message, this holds nothing of the visitor's.
    variable: str | None

    def __init__(self, message: str, *, variable: str | None = None) -> None:
        super().__init__(message)
        self.variable = variable


class UnknownMethod(RuleEvaluationError):  # noqa: N818 - reads as the field says it
    """A method that the value does not have, or that a rule may not call."""

    java_class = "javax.el.MethodNotFoundException"


class RuleRuntimeError(RuleEvaluationError):
    """A runtime exception that is no ELException: a bad number, `x % 0`, unlike classes.

    Where a matrix is checked against declared variables these are not caught by
    the Java: they fail the whole load, and so they do here.
    """

    java_class = "java.lang.ArithmeticException"
