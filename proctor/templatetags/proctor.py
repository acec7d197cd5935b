"""`{% load proctor %}`: the visitor's groups in Django's templates.

A bare word is a literal, in quotes it is the same; `test=` and `group=` take variables.
A literal that PROCTOR_TESTS does not declare is a TemplateSyntaxError when the template is
compiled. At rendering the declarations of then hold, for variables as for literals of a
template that was compiled under others: a wrong name raises TemplateSyntaxError in DEBUG,
else it is logged once, and counts as a test that nobody is in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, render_value_in_context
from django.template.exceptions import TemplateSyntaxError

from proctor.asking import Asker, flattened, undeclared_group, undeclared_test

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.template.base import Parser, Token
    from django.template.context import Context
    from django.utils.safestring import SafeString

register = template.Library()

_asker = Asker(TemplateSyntaxError)

_BARE = re.compile(r"""[^"'|=]+""")
_QUOTED = re.compile(r"""(["'])(.*)\1""")
_KEYWORD = re.compile(r"(\w+)=(.+)")

#: A literal, or what a template computes.
Word = str | FilterExpression


class _Arguments:
    """The words of a tag, literals and keywords apart."""

    def __init__(self, parser: Parser, token: Token, keywords: tuple[str, ...]) -> None:
        self.parser = parser
        self.token = token
        tag, *bits = token.split_contents()
        self.tag: str = tag
        #: Where the tag ends in `as name`.
        self.target: str | None = None
        if "as" in keywords and len(bits) >= 2 and bits[-2] == "as":
            self.target = bits[-1]
            del bits[-2:]
        self.keywords: dict[str, list[Word]] = {}
        self.words: list[Word] = []
        for bit in bits:
            self._take(bit, [keyword for keyword in keywords if keyword != "as"])

    def error(self, message: str) -> Exception:
        """To be raised; knows the place in the template."""
        error: Exception = self.parser.error(self.token, f"{{% {self.tag} %}}: {message}")
        return error

    def check(self, problem: str | None) -> None:
        """Raise what is wrong, if anything is."""
        if problem is not None:
            raise self.error(problem)

    def one(self, keyword: str, default: str) -> Word:
        """What a keyword was given, which may be given once."""
        given = self.keywords.get(keyword, [default])
        if len(given) > 1:
            raise self.error(f"{keyword}= is given twice; remove one")
        return given[0]

    def _take(self, bit: str, keywords: list[str]) -> None:
        if quoted := _QUOTED.fullmatch(bit):
            self.words.append(quoted[2])
        elif _BARE.fullmatch(bit):
            self.words.append(bit)
        elif (given := _KEYWORD.fullmatch(bit)) and given[1] in keywords:
            value = self.parser.compile_filter(given[2])
            # What is written in quotes is known already, and can be checked like a bare word.
            literal = isinstance(value.var, str) and not value.filters
            self.keywords.setdefault(given[1], []).append(value.var if literal else value)
        else:
            known_keywords = ", ".join(f"{keyword}=" for keyword in keywords)
            raise self.error(f"{bit!r} is no name; variables go with {known_keywords}")

    def tests(self) -> list[Word]:
        """All names of tests, checked as far as they are literals."""
        tests = [*self.words, *self.keywords.get("test", [])]
        for test in tests:
            if isinstance(test, str):
                self.check(undeclared_test(test))
        return tests

    def only_test(self) -> Word:
        """The test of a tag that asks for one."""
        tests = self.tests()
        if len(tests) != 1:
            raise self.error(f"give one test, or test=variable; here are {len(tests)}")
        return tests[0]


def _value(word: Word, context: Context) -> Any:
    """What a word stands for; None for a variable that is not there."""
    return word if isinstance(word, str) else word.resolve(context, ignore_failures=True)


class _Condition:
    """Whether the visitor is in one of the groups of a test."""

    def __init__(self, arguments: _Arguments) -> None:
        words, keywords = arguments.words, arguments.keywords
        if "test" not in keywords and not words:
            raise arguments.error("give a test and its groups, as in {% ifgroup test group %}")
        self.test = arguments.one("test", "") if "test" in keywords else words.pop(0)
        self.groups = [*words, *keywords.get("group", [])]
        if not self.groups:
            raise arguments.error("give at least one group, or group=variable")
        if isinstance(self.test, str):
            arguments.check(undeclared_test(self.test))
            for group in self.groups:
                if isinstance(group, str):
                    arguments.check(undeclared_group(self.test, group))

    def __repr__(self) -> str:
        return " ".join(map(str, [self.test, *self.groups]))

    def holds(self, context: Context) -> bool:
        """Whether it holds for the visitor of a context. Reads the test."""
        groups = flattened(_value(group, context) for group in self.groups)
        return _asker.is_in(context, _value(self.test, context), groups)


class IfGroupNode(Node):
    """`{% ifgroup %}` with all its branches. Only the first that holds is rendered."""

    def __init__(self, branches: list[tuple[_Condition | None, NodeList]]) -> None:
        #: The condition is None for `{% else %}`.
        self.branches = branches

    def __repr__(self) -> str:
        conditions = [repr(condition) for condition, _ in self.branches if condition is not None]
        return f"<IfGroupNode: {', '.join(conditions)}>"

    def __iter__(self) -> Iterator[Node]:
        for _, nodelist in self.branches:
            yield from nodelist

    @property
    def nodelist(self) -> NodeList:
        """The nodes of all branches: `{% extends %}` looks for blocks here."""
        return NodeList(self)

    def render(self, context: Context) -> SafeString:
        """The branch of the visitor."""
        for condition, nodelist in self.branches:
            if condition is None or condition.holds(context):
                return nodelist.render(context)
        return NodeList().render(context)


class _PrintingNode(Node):
    """Prints a value as `{{ value }}` does, or puts it into the context: `as name`."""

    child_nodelists = ()

    def __init__(self, arguments: _Arguments) -> None:
        self.test = arguments.only_test()
        self.target = arguments.target

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.test}>"

    def value(self, context: Context) -> Any:
        """What is printed."""
        raise NotImplementedError  # pragma: no cover - each subclass has its own

    def render(self, context: Context) -> str:
        """The value; nothing if it goes into the context."""
        value = self.value(context)
        if self.target is None:
            return render_value_in_context(value, context)
        context[self.target] = value
        return ""


class ProctorGroupNode(_PrintingNode):
    """`{% proctor_group %}`."""

    def value(self, context: Context) -> str:
        """The group's name, or ""."""
        return _asker.group(context, _value(self.test, context))


class ProctorPayloadNode(_PrintingNode):
    """`{% proctor_payload %}`."""

    def __init__(self, arguments: _Arguments) -> None:
        super().__init__(arguments)
        self.default = arguments.one("default", "")

    def value(self, context: Context) -> Any:
        """The payload, or the default, or ""."""
        default = _value(self.default, context)
        found = _asker.payload(context, _value(self.test, context), default)
        return "" if found is None else found


class ProctorJsonNode(Node):
    """`{% proctor_json %}`."""

    child_nodelists = ()

    def __init__(self, arguments: _Arguments) -> None:
        self.tests = arguments.tests()
        if not self.tests:
            raise arguments.error("give the tests that the page needs")
        self.element_id = arguments.one("element_id", "proctor")
        self.expose = arguments.one("expose", "")

    def __repr__(self) -> str:
        return f"<ProctorJsonNode: {' '.join(map(str, self.tests))}>"

    def render(self, context: Context) -> SafeString:
        """The script element."""
        return _asker.json(
            context,
            flattened(_value(test, context) for test in self.tests),
            _value(self.element_id, context),
            expose=bool(_value(self.expose, context)),
        )


@register.tag
def ifgroup(parser: Parser, token: Token) -> IfGroupNode:
    """Render one of several branches, by the visitor's group.

        {% ifgroup buttoncolortst blue %}…{% elifgroup buttoncolortst green red %}…
        {% else %}…{% endifgroup %}

    A test, and groups of which one must be the visitor's. `group=variable` is a name or
    several; `elifgroup` may ask for another test, which is read only if it comes to that.
    """
    branches: list[tuple[_Condition | None, NodeList]] = []
    while token.contents not in ("else", "endifgroup"):
        condition = _Condition(_Arguments(parser, token, ("test", "group")))
        branches.append((condition, parser.parse(("elifgroup", "else", "endifgroup"))))
        token = _next(parser)
    if token.contents == "else":
        branches.append((None, parser.parse(("endifgroup",))))
        _next(parser)
    return IfGroupNode(branches)


def _next(parser: Parser) -> Token:
    """The tag at which parsing stopped."""
    token = parser.next_token()
    command, *words = token.split_contents()
    if command != "elifgroup" and words:
        raise parser.error(token, f"{{% {command} %}} takes no words, and has {' '.join(words)!r}")
    return token


@register.tag
def proctor_group(parser: Parser, token: Token) -> ProctorGroupNode:
    """Print the name of the visitor's group, nothing where there is none.

    {% proctor_group buttoncolortst %} or {% proctor_group buttoncolortst as group %}
    """
    return ProctorGroupNode(_Arguments(parser, token, ("test", "as")))


@register.tag
def proctor_payload(parser: Parser, token: Token) -> ProctorPayloadNode:
    """Print what the visitor's group carries, escaped as any variable; else the default.

    {% proctor_payload buttontexttst default="Sign up" %}, also with `as name`.
    """
    return ProctorPayloadNode(_Arguments(parser, token, ("test", "default", "as")))


@register.tag
def proctor_json(parser: Parser, token: Token) -> ProctorJsonNode:
    """Give the page's own scripts the visitor's groups, as JSON that no CSP forbids.

        {% proctor_json buttoncolortst buttontexttst %}

    The element's id is `proctor`, or `element_id="…"`. It holds
    `{"buttoncolortst": {"group": "blue", "value": 1, "payload": "#2B60DE"}, …}` and counts
    no exposure, unless `expose=True`.
    """
    keywords = ("test", "element_id", "expose")
    return ProctorJsonNode(_Arguments(parser, token, keywords))
