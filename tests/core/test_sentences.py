"""Sentences that can be translated."""

from __future__ import annotations

import ast
import copy
import gettext
import pickle
from decimal import Decimal

import pytest

from proctor.core.sentences import Sentence, gettext_noop, listed, sentence_of
from tests.marked_texts import Module, modules, plain_texts, unmarked_sentences

TEXTS = {
    "{share} of visitors enter {group}": "In {group} kommen {share} der Besucher",
    "no group": "keine Gruppe",
    "broken": "{unknown}",
}


class German:
    """A catalog."""

    def gettext(self, text):
        return TEXTS.get(text, text)

    def ngettext(self, one, many, count):
        return "{count} Besuch" if count == 1 else "{count} Besuche"


def test_a_sentence_is_its_english_text():
    sentence = Sentence("{share} of visitors enter {group}", share="10 %", group="blue")
    assert sentence == "10 % of visitors enter blue"
    assert isinstance(sentence, str)


def test_a_sentence_is_translated_with_its_values():
    sentence = Sentence(
        "{share} of visitors enter {group}", share="10 %", group=Sentence("no group")
    )
    assert sentence.translated(German()) == "In keine Gruppe kommen 10 % der Besucher"


@pytest.mark.parametrize(
    ("count", "english", "german"),
    [
        (1, "1 visit", "1 Besuch"),
        (3, "3 visits", "3 Besuche"),
    ],
)
def test_a_plural_follows_the_count(count, english, german):
    sentence = Sentence("{count} visit", "{count} visits", count=count)
    assert sentence == english
    assert sentence.translated(German()) == german


def test_a_sentence_without_a_translation_stays_english():
    sentence = Sentence("{share} of them", share="5 %")
    assert sentence.translated(gettext.NullTranslations()) == "5 % of them"


def test_a_translation_that_names_an_unknown_value_is_ignored():
    assert Sentence("broken").translated(German()) == "broken"


def test_braces_in_a_value_are_no_template():
    assert Sentence("the rule {rule}", rule="${a == '{b}'}") == "the rule ${a == '{b}'}"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_can_be_translated_too(copied):
    sentence = copied(Sentence("{share} of visitors enter {group}", share="1 %", group="a"))
    assert sentence.translated(German()) == "In a kommen 1 % der Besucher"


def test_a_marked_text_is_the_text():
    assert gettext_noop("{count} visits") == "{count} visits"


def test_every_template_is_a_marked_literal():
    unmarked = [line for module in modules() for line in unmarked_sentences(module)]
    assert unmarked == []


@pytest.mark.parametrize(
    "source",
    [
        'Sentence("text")',
        'Sentence(f"{x} text")',
        "Sentence(text)",
        'def f():\n    text = gettext_noop("a") + "b"\n    Sentence(text)',
        'def f(text):\n    Sentence(text)\nf("a")',
        'TEXTS = {"a": gettext_noop("a"), "b": "b"}\nSentence(TEXTS["a"])',
        'def text():\n    return "a"\nSentence(text())',
    ],
)
def test_a_template_that_is_not_marked_is_found(source):
    assert len(unmarked_sentences(Module("m", ast.parse(source)))) == 1


#: Packages whose messages are also shown on pages. Messages of the API and of commands stay
#: English.
SHOWN = ("core/authoring", "core/matrices", "editor")
ENGLISH = ("editor/api", "editor/management")


def test_no_message_of_a_page_is_a_plain_text():
    plain = [
        line
        for module in modules()
        if module.is_in(SHOWN) and not module.is_in(ENGLISH)
        for line in plain_texts(module)
    ]
    assert plain == []


def test_a_plain_message_is_found():
    source = 'refuse("code", f"{x} is wrong")\nFinding(risk, Sentence(gettext_noop("fine")))'
    assert len(plain_texts(Module("m", ast.parse(source)))) == 1


def test_numbers_are_written_in_the_formats_of_the_language():
    sentence = Sentence("{share} %: {number}", share=Decimal("33.34"), number=1000)

    def german(value):
        return str(value).replace(".", ",") if isinstance(value, Decimal) else value

    assert sentence == "33.34 %: 1000"
    assert sentence.translated(gettext.NullTranslations(), german) == "33,34 %: 1000"


def test_the_texts_of_a_list_are_translated():
    groups = listed([Sentence("no group"), "blue"], "; ")
    assert Sentence("{groups}.", groups=groups) == "no group; blue."
    assert Sentence("{groups}.", groups=groups).translated(German()) == "keine Gruppe; blue."


def test_an_exception_keeps_its_sentence():
    error = ValueError(Sentence("no group"))
    assert sentence_of(error).translated(German()) == "keine Gruppe"
    assert sentence_of(ValueError("plain")) == "plain"
    assert sentence_of(ValueError()) == ""
    assert sentence_of(ValueError(Sentence("no group"), 2)) == "('no group', 2)"
