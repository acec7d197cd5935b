"""`{% load proctor %}`: the visitor's groups in Django's templates.

A word without a keyword is a literal, quoted or not; `test=` and `group=` take variables. A literal
that PROCTOR_TESTS does not declare raises TemplateSyntaxError when the template is compiled.
Variables are checked when the template is rendered, and so are literals if the declarations have
changed since the template was compiled. A wrong name then raises TemplateSyntaxError in DEBUG;
otherwise the name is logged once, and the visitor has no group in the test.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, render_value_in_context
from django.template.exceptions import TemplateSyntaxError

from proctor.bar.showing import bar_of
from proctor.visits.template_api import TemplateApi, flattened, undeclared_group, undeclared_test

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.template.base import Parser, Token
    from django.template.context import Context
    from django.utils.safestring import SafeString

register = template.Library()

_api = TemplateApi(TemplateSyntaxError)

_BARE = re.compile(r"""[^"'|=]+""")
_QUOTED = re.compile(r"""(["'])(.*)\1""")
_KEYWORD = re.compile(r"(\w+)=(.+)")

#: A literal, or an expression that is evaluated when the template is rendered.
Word = str | FilterExpression


class _Arguments:
    """The arguments of a tag: literals, and keyword arguments."""

    def __init__(self, parser: Parser, token: Token, keywords: tuple[str, ...]) -> None:
        self.parser = parser
        self.token = token
        self._allowed = keywords
        tag, *bits = token.split_contents()
        self.tag: str = tag
        #: The name of the variable, if the tag ends with `as name`.
        self.target: str | None = None
        if "as" in keywords and len(bits) >= 2 and bits[-2] == "as":
            self.target = bits[-1]
            if not self.target.isidentifier():
                raise self.error(f"expected the name of a variable after 'as', got {bits[-1]!r}")
            del bits[-2:]
        self.keywords: dict[str, list[Word]] = {}
        self.words: list[Word] = []
        for bit in bits:
            self._take(bit, [keyword for keyword in keywords if keyword != "as"])

    def error(self, message: str) -> Exception:
        """Return an exception whose message names the tag and the position in the template."""
        error: Exception = self.parser.error(self.token, f"{{% {self.tag} %}}: {message}")
        return error

    def check(self, problem: str | None) -> None:
        """Raise an exception with the message *problem*, unless it is None."""
        if problem is not None:
            raise self.error(problem)

    def one(self, keyword: str, default: str) -> Word:
        """Return the value of *keyword*, or *default*. Raise an exception if it appears twice."""
        given = self.keywords.get(keyword, [default])
        if len(given) > 1:
            raise self.error(f"{keyword}= appears twice; remove one of them")
        return given[0]

    def _take(self, bit: str, keywords: list[str]) -> None:
        if quoted := _QUOTED.fullmatch(bit):
            self.words.append(quoted[2])
        elif _BARE.fullmatch(bit):
            self.words.append(bit)
        elif (given := _KEYWORD.fullmatch(bit)) and given[1] in keywords:
            value = self.parser.compile_filter(given[2])
            # The value of quoted text is already known, so the text is checked like an unquoted
            # word.
            literal = isinstance(value.var, str) and not value.filters
            self.keywords.setdefault(given[1], []).append(value.var if literal else value)
        else:
            known_keywords = ", ".join(f"{keyword}=" for keyword in keywords)
            raise self.error(f"{bit!r} is not a name; for variables use {known_keywords}")

    def tests(self) -> list[Word]:
        """Return all tests in the tag. Raise an exception for a literal that is not declared."""
        tests = [*self.words, *self.keywords.get("test", [])]
        for test in tests:
            if isinstance(test, str):
                self.check(undeclared_test(test))
        return tests

    def only_test(self) -> Word:
        """Return the test of a tag that takes exactly one test."""
        if "default" in self._allowed and len(self.words) == 2:
            raise self.error(f'to give a default, write default="{self.words[1]}"')
        tests = self.tests()
        if len(tests) != 1:
            raise self.error(f"expected one test, or test=variable; got {len(tests)}")
        return tests[0]


def _value(word: Word, context: Context) -> Any:
    """Return a literal or the value of a variable, or None if the variable is undefined."""
    return word if isinstance(word, str) else word.resolve(context, ignore_failures=True)


class _Condition:
    """A condition that is true if the visitor is in one of the given groups of a test."""

    def __init__(self, arguments: _Arguments) -> None:
        words, keywords = arguments.words, arguments.keywords
        if "test" not in keywords and not words:
            raise arguments.error("expected a test and its groups, as in {% ifgroup test group %}")
        self.test = arguments.one("test", "") if "test" in keywords else words.pop(0)
        self.groups = [*words, *keywords.get("group", [])]
        if not self.groups:
            raise arguments.error("expected at least one group, or group=variable")
        if isinstance(self.test, str):
            arguments.check(undeclared_test(self.test))
            for group in self.groups:
                if isinstance(group, str):
                    arguments.check(undeclared_group(self.test, group))

    def __repr__(self) -> str:
        return " ".join(map(str, [self.test, *self.groups]))

    def holds(self, context: Context) -> bool:
        """Return True if the condition is true for the visitor in *context*. Reads the test."""
        groups = flattened(_value(group, context) for group in self.groups)
        return _api.is_in(context, _value(self.test, context), groups)


class IfGroupNode(Node):
    """`{% ifgroup %}` with all its branches. Only the first true branch is rendered."""

    def __init__(self, branches: list[tuple[_Condition | None, NodeList]]) -> None:
        #: The condition and content of each branch. The condition is None for `{% else %}`.
        self.branches = branches

    def __repr__(self) -> str:
        conditions = [repr(condition) for condition, _ in self.branches if condition is not None]
        return f"<IfGroupNode: {', '.join(conditions)}>"

    def __iter__(self) -> Iterator[Node]:
        for _, nodelist in self.branches:
            yield from nodelist

    @property
    def nodelist(self) -> NodeList:
        """The nodes of all branches. Django looks for `{% block %}` tags in this attribute."""
        return NodeList(self)

    def render(self, context: Context) -> SafeString:
        """Render the first branch whose condition is true for the visitor."""
        for condition, nodelist in self.branches:
            if condition is None or condition.holds(context):
                return nodelist.render(context)
        return NodeList().render(context)


class _PrintingNode(Node):
    """Prints a value as `{{ value }}` does, or stores it in the context with `as name`."""

    child_nodelists = ()

    def __init__(self, arguments: _Arguments) -> None:
        self.test = arguments.only_test()
        self.target = arguments.target

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.test}>"

    def value(self, context: Context) -> Any:
        """Return the value to print."""
        raise NotImplementedError  # pragma: no cover - each subclass has its own

    def render(self, context: Context) -> str:
        """Return the value as text, or "" if `as name` stores it in the context."""
        value = self.value(context)
        if self.target is None:
            return render_value_in_context(value, context)
        context[self.target] = value
        return ""


class ProctorGroupNode(_PrintingNode):
    """`{% proctor_group %}`."""

    def value(self, context: Context) -> str:
        """Return the name of the group, or ""."""
        return _api.group(context, _value(self.test, context))


class ProctorPayloadNode(_PrintingNode):
    """`{% proctor_payload %}`."""

    def __init__(self, arguments: _Arguments) -> None:
        super().__init__(arguments)
        self.default = arguments.one("default", "")

    def value(self, context: Context) -> Any:
        """Return the payload. Without a payload, return the default; without a default, ""."""
        default = _value(self.default, context)
        found = _api.payload(context, _value(self.test, context), default)
        return "" if found is None else found


class ProctorJsonNode(Node):
    """`{% proctor_json %}`."""

    child_nodelists = ()

    def __init__(self, arguments: _Arguments) -> None:
        self.tests = arguments.tests()
        if not self.tests:
            raise arguments.error("expected the names of the tests that the page needs")
        self.element_id = arguments.one("element_id", "proctor")
        self.expose = arguments.one("expose", "")

    def __repr__(self) -> str:
        return f"<ProctorJsonNode: {' '.join(map(str, self.tests))}>"

    def render(self, context: Context) -> SafeString:
        """Return the script element."""
        return _api.json(
            context,
            flattened(_value(test, context) for test in self.tests),
            _value(self.element_id, context),
            expose=bool(_value(self.expose, context)),
        )


class ProctorBarNode(Node):
    """`{% proctor_bar %}`."""

    child_nodelists = ()

    def render(self, context: Context) -> SafeString:
        """Return the bar, or "" for visitors who must not see it."""
        # Do not use the current request for templates without a request: an e-mail that is rendered
        # during a request is not a page of that request.
        return bar_of(getattr(context, "request", None) or context.get("request"))


@register.tag
def ifgroup(parser: Parser, token: Token) -> IfGroupNode:
    """Render the branch for the visitor's group.

        {% ifgroup buttoncolortst blue %}…{% elifgroup buttoncolortst green red %}…
        {% else %}…{% endifgroup %}

    The tag takes a test and one or more groups; its branch is rendered if the visitor is in one of
    these groups. The variable in `group=variable` contains one name, or a list of names.
    `elifgroup` may name a different test, which is read only if no earlier branch was rendered.
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
    """Return the tag at which the parser stopped."""
    token = parser.next_token()
    command, *words = token.split_contents()
    if command != "elifgroup" and words:
        raise parser.error(token, f"{{% {command} %}} takes no arguments, got {' '.join(words)!r}")
    return token


@register.tag
def proctor_group(parser: Parser, token: Token) -> ProctorGroupNode:
    """Print the name of the visitor's group, or nothing if they have none.

    {% proctor_group buttoncolortst %} or {% proctor_group buttoncolortst as group %}
    """
    return ProctorGroupNode(_Arguments(parser, token, ("test", "as")))


@register.tag
def proctor_payload(parser: Parser, token: Token) -> ProctorPayloadNode:
    """Print the payload of the visitor's group, or the default if there is no payload.

    The output is escaped like a variable.

    {% proctor_payload buttontexttst default="Sign up" %}, optionally with `as name`.
    """
    return ProctorPayloadNode(_Arguments(parser, token, ("test", "default", "as")))


@register.tag
def proctor_json(parser: Parser, token: Token) -> ProctorJsonNode:
    """Pass the visitor's groups to the page's own scripts as JSON. This works under any CSP.

        {% proctor_json buttoncolortst buttontexttst %}

    The element's id is `proctor`, unless `element_id="…"` sets a different one. The element
    contains `{"buttoncolortst": {"group": "blue", "value": 1, "payload": "#2B60DE"}, …}`. Rendering
    it does not count as an exposure unless `expose=True`.
    """
    keywords = ("test", "element_id", "expose")
    return ProctorJsonNode(_Arguments(parser, token, keywords))


@register.tag
def proctor_bar(parser: Parser, token: Token) -> ProctorBarNode:
    """List the tests that the page has read, for visitors who may force groups.

    {% proctor_bar %}</body>

    Put the tag at the end of the page, because the bar lists only tests that were read before the
    tag. It prints nothing for other visitors, nor for visitors who have not opened the groups page
    yet.
    """
    if len(token.split_contents()) > 1:
        raise parser.error(token, "{% proctor_bar %} takes no arguments")
    return ProctorBarNode()
