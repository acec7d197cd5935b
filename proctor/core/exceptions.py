"""The exceptions of the core.

    ProctorError
    ├── MatrixLoadError              Java Proctor rejects the whole matrix; nothing was loaded
    ├── ConfigurationError           a declaration of the application is wrong
    ├── IdentifierError              a call contains an identifier of type RANDOM
    ├── UnknownTest                  the matrix has no test with that name
    ├── SourceError                  a source has no answer
    │   ├── MatrixNotReady           … because no matrix has been loaded yet
    │   ├── SourceUnavailable        … because a service is down or sent a wrong answer
    │   └── RequestRejected          … because the service rejects this one request
    ├── ConversionError              a value that does not fit the type declared for it
    └── RuleError                    a rule failed, and Java Proctor throws in the same case
        ├── RuleSyntaxError          the text is not an expression, or is over a limit
        ├── RuleTypeError            the expression is not boolean
        └── RuleEvaluationError      the value could not be computed
            ├── UndefinedName        no such variable, or no such property
            ├── UnknownMethod        no such method, or rules cannot call it
            └── RuleRuntimeError     a RuntimeException other than ELException

Every message says what is wrong, shows the value and explains how to fix the problem.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proctor.core.problems import Problem


class ProctorError(Exception):
    """The base class of all exceptions that the core raises on purpose."""


class MatrixLoadError(ProctorError, ValueError):
    """The matrix cannot be loaded. Java Proctor cannot load it either.

    A matrix with a bad test can be loaded, but the test is dropped; see `Proctor.dropped`.
    """

    #: The problems that were found, most important first; empty if the document is not JSON.
    problems: tuple[Problem, ...]

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class ConfigurationError(ProctorError, ValueError):
    """A declaration (a context type, a test type, a pipet-config.json) is wrong."""


class IdentifierError(ProctorError, ValueError):
    """A call contains an identifier of type RANDOM, but this type cannot have identifiers."""


class UnknownTest(ProctorError, KeyError):  # noqa: N818 - reads as the field says it
    """The matrix has no test with the requested name."""

    def __str__(self) -> str:
        # KeyError would show the repr of the message, but this error shows the message itself.
        return str(self.args[0])


class SourceError(ProctorError):
    """A source cannot answer at the moment."""


class MatrixNotReady(SourceError):  # noqa: N818 - a state, not a fault
    """No matrix has been loaded within the time limit."""


class SourceUnavailable(SourceError):  # noqa: N818 - a state, not a fault
    """A service does not answer, or its answer is wrong.

    During an outage, the source makes no calls for a while. After any other failure, it makes no
    calls for the same request for a while. Each outage is logged once.
    """

    #: True if the service was called for this request.
    asked: bool

    def __init__(self, message: str, *, asked: bool = True) -> None:
        super().__init__(message)
        self.asked = asked


class RequestRejected(SourceError):  # noqa: N818 - says what happened to the request
    """A service rejects this request but would answer others, or this request is too long.

    The source logs this at most once a minute.
    """

    #: The HTTP status, from 400 to 499. A request that is too long to send has status 414.
    status: int

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class ConversionError(ProctorError, ValueError):
    """A value cannot be converted to the type declared for its variable."""

    #: The reason given by Java Proctor: `NumberFormatException`, or a sentence.
    reason: str
    #: The offset at which the JSON parser stopped, in characters; None if the value is not JSON
    #: text.
    position: int | None

    def __init__(self, message: str, *, reason: str = "", position: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.position = position


class RuleError(ProctorError, ValueError):
    """A rule failed, and Java Proctor throws an exception in the same case."""

    #: The name of the exception that Java Proctor throws.
    java_class: str = "javax.el.ELException"
    #: Java Proctor's exact message, if it is known.
    java_message: str | None = None
    #: The column in the rule's text, from 1, if it is known.
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
    """The text cannot be parsed, names an unknown function, or exceeds a limit."""


class RuleTypeError(RuleError):
    """The expression is well-formed but not boolean (Java: RuleEvaluator's type check)."""

    java_class = "java.lang.IllegalArgumentException"


class RuleEvaluationError(RuleError):
    """The value of a rule could not be computed for this visitor."""


class UndefinedName(RuleEvaluationError):  # noqa: N818 - reads as the field says it
    """A variable is missing, or a value does not have the requested property."""

    java_class = "javax.el.PropertyNotFoundException"

    #: The name of the variable that is missing; None if a property is missing. Unlike the message,
    #: it never contains the visitor's data.
    variable: str | None

    def __init__(self, message: str, *, variable: str | None = None) -> None:
        super().__init__(message)
        self.variable = variable


class UnknownMethod(RuleEvaluationError):  # noqa: N818 - reads as the field says it
    """The value does not have the method, or rules cannot call it."""

    java_class = "javax.el.MethodNotFoundException"


class RuleRuntimeError(RuleEvaluationError):
    """A runtime exception other than ELException: a bad number, `x % 0`, incompatible classes.

    If a matrix is checked against declared variables, Java Proctor does not catch these exceptions,
    so the whole matrix fails to load. The same happens in this library.
    """

    java_class = "java.lang.ArithmeticException"
