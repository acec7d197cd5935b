"""Refusals and errors of the vectors in one form, so that they can be compared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.definitions.reading import definition_of
from proctor.core.authoring.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

Case = dict[str, Any]

#: Exceptions whose texts come from Jackson or the JVM: only their class is compared.
_TEXTS_OF_OTHERS = {
    *("JsonParseException", "JsonEOFException", "JsonMappingException"),
    *("MismatchedInputException", "InvalidFormatException", "UnrecognizedPropertyException"),
    *("ValueInstantiationException", "InvalidTypeIdException"),
    *("NullPointerException", "ClassCastException"),
    *("ELException", "PropertyNotFoundException", "MethodNotFoundException"),
}
_WRAPPED_NULL = "java.lang.NullPointerException: "
#: The rest of the message is the text of the expression language.
_EVALUATION = re.compile(r"(Failed to evaluate a rule .*?): .*", re.DOTALL)


def java_error(error: Case) -> Case:
    """Return an error of the vectors, without parts that need not match."""
    if error["class"] in _TEXTS_OF_OTHERS or _WRAPPED_NULL in error["message"]:
        return {"class": error["class"]}
    return {"class": error["class"], "message": comparable(error["message"])}


def our_error(refusal: Refusal) -> Case:
    """Return a refusal in the form that `java_error` returns."""
    if refusal.java_class in _TEXTS_OF_OTHERS or refusal.java_message is None:
        return {"class": refusal.java_class}
    return {"class": refusal.java_class, "message": comparable(refusal.java_message)}


def comparable(text: str | None) -> str | None:
    """Return Java Proctor's text without messages of the expression language."""
    return None if text is None else _EVALUATION.sub(r"\1", text)


def outcome(compute: Callable[[], Any]) -> Any:
    """Return the result of *compute*, or its refusal."""
    try:
        return compute()
    except Refusal as refusal:
        return {"error": our_error(refusal)}


def expected(case: Case, *names: str) -> Any:
    """Return the named outputs of a case, or its error."""
    if "error" in case:
        return {"error": java_error(case["error"])}
    return {name: case[name] for name in names if name in case}


def definition(document: Any, test: str = "") -> Any:
    return None if document is None else definition_of(document, test)
