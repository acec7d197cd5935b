"""The visitor's groups in Jinja2 templates: an extension and template functions.

    TEMPLATES = [{
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "OPTIONS": {"extensions": ["proctor.jinja.ProctorExtension"], …},
    }]

    {% ifgroup buttoncolortst blue %}…{% elifgroup buttoncolortst green red %}…
    {% else %}…{% endifgroup %}
    {% if proctor_group("buttoncolortst") == "blue" %}
    {{ proctor_payload("buttontexttst", default="Sign up") }}
    {{ proctor_json("buttoncolortst", "buttontexttst") }}
    {{ proctor_bar() }}</body>

`ifgroup` works as in Django's templates: a word on its own is a literal, `test=` and `group=` take
expressions, and an undeclared literal raises TemplateSyntaxError. A wrong name that is found only
at rendering raises TemplateRuntimeError in DEBUG; otherwise the name is logged once, and the
visitor has no group. Macros can use the visitor's groups if they are imported `with context`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import nodes, pass_context
from jinja2.exceptions import TemplateRuntimeError
from jinja2.ext import Extension
from jinja2.runtime import StrictUndefined, Undefined

from proctor.bar.showing import bar_of
from proctor.visits.template_api import TemplateApi, flattened, undeclared_group, undeclared_test

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.safestring import SafeString
    from jinja2 import Environment
    from jinja2.parser import Parser
    from jinja2.runtime import Context

__all__ = [
    "ProctorExtension",
    "proctor_bar",
    "proctor_group",
    "proctor_json",
    "proctor_payload",
]

_api = TemplateApi(TemplateRuntimeError)


@pass_context
def proctor_group(context: Context, test: str) -> str:
    """Return the name of the visitor's group, or "" if they have none."""
    return _api.group(context, test)


@pass_context
def proctor_payload(context: Context, test: str, default: Any = "") -> Any:
    """Return the payload of the visitor's group, or *default* if it has none."""
    return _api.payload(context, test, default)


@pass_context
def proctor_json(
    context: Context,
    *tests: str | Iterable[str],
    element_id: str = "proctor",
    expose: bool = False,
) -> SafeString:
    """Return a script element with the groups as JSON: `{test: {group, value, payload}}`.

    The element works under any CSP. Rendering it does not count as an exposure unless *expose* is
    true.
    """
    return _api.json(context, flattened(tests), element_id, expose=expose)


@pass_context
def proctor_bar(context: Context) -> SafeString:
    """Return the bar if the visitor may force groups, else "". Call this at the end of the page."""
    return bar_of(context.get("request"))


class ProctorExtension(Extension):
    """A Jinja2 extension that adds `{% ifgroup %}` and the functions of this module."""

    tags = {"ifgroup"}  # noqa: RUF012 - as Jinja2 declares it

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals.update(
            proctor_bar=proctor_bar,
            proctor_group=proctor_group,
            proctor_payload=proctor_payload,
            proctor_json=proctor_json,
        )

    def parse(self, parser: Parser) -> nodes.Node:
        """Compile the tag to an `{% if %}` with function calls as conditions."""
        branches = []
        token = next(parser.stream)
        while token.test("name:ifgroup") or token.test("name:elifgroup"):
            branches.append(self._parse_branch(parser, token.lineno))
            token = next(parser.stream)
        first, *first.elif_ = branches
        if token.test("name:else"):
            first.else_ = parser.parse_statements(("name:endifgroup",), drop_needle=True)
        return first

    def _parse_branch(self, parser: Parser, lineno: int) -> nodes.If:
        """Return a condition and its body, up to the tag that ends the branch."""
        condition = self._parse_condition(parser, lineno)
        body = parser.parse_statements(("name:elifgroup", "name:else", "name:endifgroup"))
        return nodes.If(condition, body, [], [], lineno=lineno)

    def _parse_condition(self, parser: Parser, lineno: int) -> nodes.Expr:
        words: list[nodes.Expr] = []
        keywords: dict[str, list[nodes.Expr]] = {"test": [], "group": []}
        while not parser.stream.current.test("block_end"):
            self._parse_word(parser, words, keywords)
        tests = keywords["test"] or words[:1]
        groups = [*(words if keywords["test"] else words[1:]), *keywords["group"]]
        if len(tests) != 1 or not groups:
            parser.fail("expected a test and its groups, as in {% ifgroup test group %}", lineno)
        _check(parser, lineno, tests[0], groups)
        arguments = [nodes.ContextReference(), tests[0], nodes.List(groups)]
        return self.call_method("_is_in", arguments, lineno=lineno)

    def _parse_word(
        self, parser: Parser, words: list[nodes.Expr], keywords: dict[str, list[nodes.Expr]]
    ) -> None:
        """Return the next literal, or the next `test=` or `group=` with its expression."""
        token = parser.stream.current
        if token.type not in ("name", "string"):
            parser.fail(f"{token} is not a name; write it in quotes", token.lineno)
        next(parser.stream)
        if token.type == "string" or not parser.stream.skip_if("assign"):
            words.append(nodes.Const(token.value, lineno=token.lineno))
        elif token.value in keywords:
            keywords[token.value].append(parser.parse_expression(with_condexpr=False))
        else:
            parser.fail(f"Unknown keyword {token.value}=; use test= or group=", token.lineno)

    def _is_in(self, context: Context, test: object, groups: list[object]) -> bool:
        return _api.is_in(context, test, flattened(map(_defined, groups)))


def _defined(group: object) -> object:
    """Return None for an undefined variable, because Undefined would look like an empty list."""
    lenient = isinstance(group, Undefined) and not isinstance(group, StrictUndefined)
    return None if lenient else group


def _check(parser: Parser, lineno: int, test: nodes.Expr, groups: list[nodes.Expr]) -> None:
    """Raise TemplateSyntaxError if a literal name is not declared."""
    if not isinstance(test, nodes.Const):
        return
    problem = undeclared_test(test.value)
    literals = [group.value for group in groups if isinstance(group, nodes.Const)]
    problems = [problem] if problem else [undeclared_group(test.value, each) for each in literals]
    for each in problems:
        if each is not None:
            parser.fail(each, lineno)
