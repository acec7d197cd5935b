"""The types of context variables: how they are declared, and how rules see their values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from proctor.core.exceptions import ConfigurationError, ConversionError, RuleRuntimeError
from proctor.core.java import conversion
from proctor.core.java.numerals import LONG_MAX, LONG_MIN
from proctor.core.java.values import Byte, Character, Float, Integer, Short
from proctor.core.messages import error_text, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MISSING", "ContextType", "Missing", "ValueKind", "pipet_type", "specification_type"]

ValueKind = Literal["string", "int", "double", "boolean", "list"]


class Missing(enum.Enum):
    """The type of `MISSING`, for annotations."""

    MISSING = "MISSING"

    def __repr__(self) -> str:
        return self.value


#: Marks a missing value. None cannot be used because it is a valid value.
MISSING: Final = Missing.MISSING


@dataclass(frozen=True, slots=True)
class ContextType:
    """The declared type of a context variable.

    Created by `pipet_type` or `specification_type`.
    """

    #: The name as declared, for example `int`.
    name: str
    #: Canonical name of the Java class, for example `java.lang.Integer`.
    java_class: str
    #: Converts a raw value that is not None into the value that rules see.
    converter: Callable[[Any], object] = field(repr=False)
    #: The sample value used to check rules when a matrix is loaded, or MISSING (Java:
    #: RuleVerifyUtils and its defaults for declared types).
    sample: object = field(default=MISSING, hash=False)
    #: The engine does not convert values that are already of this kind. None means that it converts
    #: all values.
    kind: ValueKind | None = None
    #: The class of the converted values (`int`, `float` or `str`); None if it can vary.
    python_type: type | None = None
    #: The smallest and the largest value of an integer type.
    low: int = LONG_MIN
    high: int = LONG_MAX

    def convert(self, value: object) -> object:
        """Return the value that rules see for the raw *value*; None stays None.

        Text is read as Pipet reads it (`proctor.core.java.conversion`). Raises ConversionError for
        a value to which Pipet would answer with status 400; its `reason` is Java Proctor's message.
        Raises no other exception.
        """
        if value is None:
            return None
        try:
            return self.converter(value)
        except conversion.Refused as refusal:
            reason = str(refusal)
        except RuleRuntimeError as error:
            reason = error.java_class.rpartition(".")[2]
        except RecursionError:
            reason = "the value is nested too deeply, or contains itself"
        except Exception as error:  # noqa: BLE001 - str() of a foreign object may raise anything
            reason = error_text(error)
        raise ConversionError(
            f"{shown(value)} cannot be converted to {self.java_class} "
            f"(declared as {self.name!r}): {reason}",
            reason=reason,
        )

    def convert_typed(self, value: object) -> object:
        """Return the value that rules see for a *value* that a person typed.

        Like `convert`, except that a boolean must be true, false, 1 or 0. Pipet reads any other
        text as false, which hides mistakes. Raises ConversionError.
        """
        typed = value.lower() if self.kind == "boolean" and isinstance(value, str) else None
        if typed not in (None, "true", "false", "1", "0"):
            reason = "expected true or false"
            raise ConversionError(f"{reason}, got {shown(value)}", reason=reason)
        return self.convert(value)


def _whole(java_name: str, cls: type[int], bits: int) -> ContextType:
    half = 1 << (bits - 1)
    return ContextType(
        name=java_name,
        java_class=f"java.lang.{java_name}",
        converter=partial(conversion.to_whole, cls=cls, low=-half, high=half - 1),
        kind="int",
        python_type=cls,
        low=-half,
        high=half - 1,
    )


def _scalar(
    java_name: str, converter: Callable[[Any], object], cls: type, kind: ValueKind | None = None
) -> ContextType:
    return ContextType(java_name, f"java.lang.{java_name}", converter, kind=kind, python_type=cls)


#: Maps the simple name of each wrapper class to its type.
_WRAPPERS = {
    "Byte": _whole("Byte", Byte, 8),
    "Short": _whole("Short", Short, 16),
    "Integer": _whole("Integer", Integer, 32),
    "Long": _whole("Long", int, 64),
    "Float": _scalar("Float", conversion.to_float, Float),
    "Double": _scalar("Double", conversion.to_double, float, "double"),
    "Boolean": _scalar("Boolean", conversion.to_boolean, bool, "boolean"),
    "Character": _scalar("Character", conversion.to_character, Character),
    "String": _scalar("String", conversion.to_string, str, "string"),
}

#: The names of the primitives and `string`, which Pipet includes in its list of primitives.
_PRIMITIVES = {
    "byte": "Byte",
    "short": "Short",
    "int": "Integer",
    "long": "Long",
    "float": "Float",
    "double": "Double",
    "boolean": "Boolean",
    "char": "Character",
    "string": "String",
}

_LIST = ContextType(
    "list", "java.util.ArrayList", conversion.to_list, kind="list", python_type=list
)
_MAP = ContextType("map", "java.util.HashMap", conversion.to_map, python_type=dict)
_SET = ContextType("set", "java.util.HashSet", conversion.to_set, python_type=set)
_JSON = ContextType("json", "java.lang.Object", conversion.to_json)

_USER_AGENT_CLASS = "com.indeed.proctor.pipet.deploy.useragent.UserAgent"


def _simple_name(name: str) -> str:
    simple = name.removeprefix("java.lang.")
    return simple if simple in _WRAPPERS else _PRIMITIVES.get(name, "")


def pipet_type_names() -> tuple[str, ...]:
    """Return the names that a pipet-config.json may use for a type."""
    canonical = (f"java.lang.{name}" for name in _WRAPPERS)
    return (*_PRIMITIVES, *_WRAPPERS, "UserAgent", *canonical)


def pipet_type(name: str, *, user_agent: Callable[[str], object] | None = None) -> ContextType:
    """Return the type called *name* in Pipet's configuration (Java: ValueConverters).

    Valid names are Java's primitives, their wrappers by simple or canonical name, String and
    UserAgent. Three more names, which Pipet does not know, are also valid: `list`, `map` and
    `json`. Values of these three types are read as Jackson reads them. Pipet declares primitives as
    their wrappers, so only strings and collections have a sample.

    *user_agent* parses a User-Agent header. Raises ConfigurationError for an unknown name, and for
    UserAgent if no parser is given.
    """
    if simple := _simple_name(name):
        found = _WRAPPERS[simple]
        return replace(found, name=name, sample="" if simple == "String" else MISSING)
    if name == "list":
        return replace(_LIST, sample=[])
    if name == "map":
        return replace(_MAP, sample={})
    if name == "json":
        return _JSON
    if name != "UserAgent":
        known = [*_PRIMITIVES, *_WRAPPERS, "UserAgent", "list", "map", "json"]
        raise ConfigurationError(f"{shown(name)} is not a context type: {nearest(name, known)}")
    if user_agent is None:
        raise ConfigurationError(
            "The context type 'UserAgent' needs a parser for User-Agent headers; install "
            "django-proctor[useragent], or pass a function as user_agent"
        )
    parse = partial(conversion.to_user_agent, parse=user_agent)
    return ContextType("UserAgent", _USER_AGENT_CLASS, parse)


#: The names that a specification can use, in upper or lower case, each with its type and sample.
_SPECIFICATION: dict[str, tuple[str, object]] = {
    "int": ("Integer", Integer(0)),
    "integer": ("Integer", Integer(0)),
    "long": ("Long", 0),
    "short": ("Short", Short(0)),
    "byte": ("Byte", Byte(0)),
    "double": ("Double", 0.0),
    "boolean": ("Boolean", True),
    "bool": ("Boolean", True),
    "string": ("String", ""),
    "char": ("Character", ""),
    "character": ("Character", ""),
}

#: Classes of java.util that have a no-argument constructor. Their samples are empty instances.
_COLLECTIONS: dict[str, ContextType] = {
    **dict.fromkeys(
        ("ArrayList", "LinkedList", "Vector", "Stack", "ArrayDeque", "PriorityQueue"), _LIST
    ),
    **dict.fromkeys(("HashMap", "LinkedHashMap", "TreeMap", "Hashtable", "WeakHashMap"), _MAP),
    **dict.fromkeys(("HashSet", "LinkedHashSet", "TreeSet"), _SET),
    "concurrent.ConcurrentHashMap": _MAP,
    "concurrent.CopyOnWriteArrayList": _LIST,
}

#: Interfaces of java.util. They have no instances, so they have no sample.
_INTERFACES = {"List": _LIST, "Collection": _LIST, "Map": _MAP, "Set": _SET}

#: Enumerations of the JDK. The sample is the first constant.
_ENUMS = {
    "java.util.concurrent.TimeUnit": "NANOSECONDS MICROSECONDS MILLISECONDS SECONDS MINUTES "
    "HOURS DAYS",
    "java.time.DayOfWeek": "MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY",
    "java.time.Month": "JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER "
    "NOVEMBER DECEMBER",
    "java.math.RoundingMode": "UP DOWN CEILING FLOOR HALF_UP HALF_DOWN HALF_EVEN UNNECESSARY",
}


def _java_util(name: str) -> ContextType | None:
    simple = name.removeprefix("java.util.")
    if simple == name:
        return None
    if simple in _COLLECTIONS:
        found = _COLLECTIONS[simple]
        assert found.python_type is not None
        return replace(found, java_class=name, sample=found.python_type())
    if simple in _INTERFACES:
        return replace(_INTERFACES[simple], java_class=name)
    return None


def _enumeration(java_class: str) -> type[enum.Enum]:
    # Without the cast, type checkers would look for the names of the members in the source.
    make = cast("Callable[..., type[enum.Enum]]", enum.Enum)
    return make(java_class.rpartition(".")[2], _ENUMS[java_class], qualname=java_class)


def specification_type(name: str) -> ContextType:
    """Return the type called *name* in a Proctor specification (Java: ProvidedContext).

    Any name is accepted. Short names, which can be in upper or lower case, have a sample. Any other
    name is treated as the name of a Java class, and has a sample if that class has a no-argument
    constructor. Wrappers, `float` and unknown classes have no sample, so the check during loading
    ignores failures that they cause. Values of an unknown class are read as Jackson reads them.
    """
    if name.lower() in _SPECIFICATION:
        simple, sample = _SPECIFICATION[name.lower()]
        return replace(_WRAPPERS[simple], name=name, sample=sample)
    if simple := _simple_name(name):
        sample = "" if simple == "String" else MISSING
        return replace(_WRAPPERS[simple], name=name, sample=sample)
    if collection := _java_util(name):
        return replace(collection, name=name)
    if name in _ENUMS:
        return replace(_JSON, name=name, java_class=name, sample=next(iter(_enumeration(name))))
    if name in ("list", "map", "json"):
        return {"list": _LIST, "map": _MAP, "json": _JSON}[name]
    return replace(_JSON, name=name, java_class=name)
