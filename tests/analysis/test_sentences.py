"""Every text of the analysis can be translated as a whole sentence, from one template."""

from __future__ import annotations

import ast
import copy
import gettext
import pickle
import string
from datetime import datetime, timezone
from pathlib import Path

import pytest

import proctor.analysis
from proctor import Metric
from proctor.analysis.report.language import ENGLISH, Figure, Language, Moment, Series
from proctor.analysis.report.words import between, interval, percent
from proctor.core.sentences import Sentence

MODULES = sorted(Path(proctor.analysis.__file__).parent.rglob("*.py"))
AT = datetime(2026, 3, 2, 9, 30, tzinfo=timezone.utc)


def calls(name):
    """The calls of a function in the analysis, with their places."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
                yield f"{path.name}:{node.lineno}", node


def literals(call, marker, number):
    """The literals in a call of a marker; None for any other call or other arguments."""
    if not isinstance(call, ast.Call) or getattr(call.func, "id", "") != marker:
        return None
    if len(call.args) != number or not all(isinstance(each, ast.Constant) for each in call.args):
        return None
    return [each.value for each in call.args]


def templates(call):
    """The marked template of a Sentence, and its plural; None if they are not marked."""
    if not call.args:
        return None
    first = call.args[0]
    if isinstance(first, ast.Starred):
        return literals(first.value, "ngettext_lazy", 2)
    return literals(first, "gettext_noop", 1)


SENTENCES = dict(calls("Sentence"))


def test_there_are_sentences():
    assert len(SENTENCES) > 100


@pytest.mark.parametrize("place", SENTENCES)
def test_each_template_is_a_marked_literal_that_uses_all_values(place):
    call = SENTENCES[place]
    found = templates(call)
    assert found is not None, f"{place}: expected Sentence(gettext_noop('…'), …)"
    fields = {name for text in found for _, name, _, _ in string.Formatter().parse(text) if name}
    given = {each.arg for each in call.keywords} - {"count", None}
    if None not in {each.arg for each in call.keywords}:
        assert fields - {"count"} == given
    if len(found) == 2:
        assert "count" in {each.arg for each in call.keywords}


#: Of these the text at a place is for people.
SHOWN = {"Verdict": 1, "Trust": 2, "_line": 2, "_badge": 0, "_title": 0, "_soft": 0}


@pytest.mark.parametrize("name", SHOWN)
def test_no_text_is_glued(name):
    found = list(calls(name))
    assert found
    for place, call in found:
        text = call.args[SHOWN[name]]
        assert not isinstance(text, (ast.JoinedStr, ast.Constant, ast.BinOp)), place


class Formats:
    """German formats."""

    code = "de"

    def number(self, value, digits):
        return f"{value:,.{digits}f}".translate({ord(","): ".", ord("."): ","})

    def day(self, at):
        return f"{at.day}.{at.month}."

    def time(self, at):
        return f"{at:%d.%m.%Y %H:%M}"


class German(gettext.NullTranslations):
    def gettext(self, text):
        return {"{low} to {high} points": "{low} bis {high} Punkte", "; ": " – "}.get(text, text)


GERMAN = Language(German(), Formats())


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("1,234", "1.234"),
        ("−1,234.50", "−1.234,50"),
        ("+0.0042", "+0,0042"),
        ("1.8e-45", "1,8e-45"),
        ("-0.5", "-0,5"),
        ("0", "0"),
        ("nan", "nan"),
    ],
)
def test_a_number_is_written_as_the_language_does(english, german):
    assert Figure(english) == ENGLISH(Figure(english)) == english
    assert GERMAN(Figure(english)) == german
    assert Language(German())(Figure(english)) == english


def test_a_time_is_written_as_the_language_does():
    assert (ENGLISH(Moment(AT)), GERMAN(Moment(AT))) == ("2026-03-02 09:30", "02.03.2026 09:30")
    assert (ENGLISH.day(AT), GERMAN.day(AT)) == ("Mar 2", "2.3.")


def test_parts_of_a_list_are_translated_with_what_separates_them():
    texts = Series((percent(0.123), "blue"), "; ")
    assert (texts, GERMAN(texts)) == ("12.3 %; blue", "12,3 % – blue")


def test_an_interval_has_its_unit_once():
    share = Metric("orders", kind="proportion")
    assert interval((-0.002, 0.034), share) == "−0.20 to +3.4 points"
    assert between((-0.002, 0.034), share) == "between −0.20 and +3.4 points"
    assert GERMAN(interval((-0.002, 0.034), share)) == "−0,20 bis +3,4 Punkte"
    assert interval((-0.2, 3.4), Metric("orders")) == "−0.200 to +3.40"


def test_a_text_of_a_page_is_escaped_after_its_translation():
    class Careless(gettext.NullTranslations):
        def gettext(self, text):
            return f"<b>{text}</b>"

    assert Language(Careless()).html(Sentence("{name}", name="<i>")) == (
        "&lt;b&gt;&lt;i&gt;&lt;/b&gt;"
    )


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_can_be_translated_too(copied):
    values = {"number": Figure("1.5"), "at": Moment(AT), "names": Series(["a", "b"], "; ")}
    found = copied(Sentence("{number}, {at}, {names}", **values))
    assert found == "1.5, 2026-03-02 09:30, a; b"
    assert GERMAN(found) == "1,5, 02.03.2026 09:30, a – b"
