"""Pages in another language: the core's sentences are translated, with Django's formats."""

from __future__ import annotations

import html
import re
import struct
from datetime import datetime, timedelta, timezone

import pytest

from proctor.editor.access.permissions import command
from proctor.editor.changes import services
from proctor.editor.errors import ApprovalNeeded, Conflict, Refused
from proctor.editor.pages.translating import translated, words_of
from proctor.editor.schedules.planning import Wanted, refuse_times
from tests.editor.samples import shares, text_of
from tests.editor.test_pages import fields, signed_in, text
from tests.marked_texts import all_marked, rewritten

ROOT = "/proctor/"
TEST = f"{ROOT}tests/buttontst/"
GERMAN = {
    "{number} %": "{number} Prozent",
    "{group} grows from {before} to {after}": "{group} wächst von {before} auf {after}",
    "{group} shrinks from {before} to {after}": "{group} schrumpft von {before} auf {after}",
    "{share} of visitors enter it": "{share} der Besucher kommen hinzu",
    "nobody jumps": "niemand springt",
    "Allocation {number} ({id})": "Verteilung {number} ({id})",
    "{allocation} has live groups with unequal shares.": "{allocation} hat ungleiche Gruppen.",
    "The id of allocation {number} changed from {before} to {after}.": (
        "Die Id von Verteilung {number} war {before} und ist {after}."
    ),
    "{changes}; {moves}.": "{changes}. Dabei gilt: {moves}.",
    "The description changed from {before} to {after}.": (
        "Aus der Beschreibung {before} wurde {after}."
    ),
    "Publishing on {branch!r} needs approval from {count} other person ({given} so far). "
    "PROCTOR_EDITOR_APPROVALS requires this for every change except a stop": (
        "Für {branch} fehlt {count} Person",
        "Für {branch} fehlen {count} Personen",
    ),
    "step {number}: {due} is not after the time of the previous step": (
        "Schritt {number} zu früh: {due}"
    ),
    "the description is missing; add one": "die Beschreibung fehlt",
    "there is no branch {name!r}: {known}": "kein Zweig {name!r}: {known}",
    "known names: {names}": "Es gibt: {names}",
}
PLURALS = {texts[0]: texts[1] for texts in all_marked() if len(texts) > 1}


def compiled(texts):
    """A catalog in the format of GNU gettext's .mo files, from texts or pairs of texts."""
    entries = {
        "": "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n!=1;\n"
    }
    for text_of_source, words in texts.items():
        if isinstance(words, tuple):
            entries[f"{text_of_source}\0{PLURALS[text_of_source]}"] = "\0".join(words)
        else:
            entries[text_of_source] = words
    pairs = sorted((source.encode(), words.encode()) for source, words in entries.items())
    start, places, content = 28 + 16 * len(pairs), [], b""
    for column in (0, 1):
        for pair in pairs:
            places += [len(pair[column]), start + len(content)]
            content += pair[column] + b"\0"
    head = (0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return struct.pack(f"<{7 + len(places)}I", *head, *places) + content


@pytest.fixture
def speak(tmp_path, settings):
    """Switch the site to German, with these texts."""

    def use(texts):
        folder = tmp_path / "de" / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "django.mo").write_bytes(compiled(texts))
        settings.LOCALE_PATHS = [tmp_path]
        settings.LANGUAGE_CODE = "de"

    return use


@pytest.fixture
def grace(editor):
    editor.PROCTOR_EDITOR_BRANCHES = ("production",)
    editor.PROCTOR_EDITOR_APPROVALS = {}
    return signed_in("view", "edit")


@pytest.fixture
def revision(grace):
    allocations = shares(control=0.25, inactive=0.5, blue=0.25)
    return services.edit(
        command("ada"), "buttontst", text_of(allocations=allocations), base=None
    ).revision


def sentences(response):
    found = re.findall(r'<ul class="pe-sentences">(.*?)</ul>', response.content.decode(), re.S)
    return [html.unescape(each) for part in found for each in re.findall("<li>(.*?)</li>", part)]


def more_blue(base):
    changed = text_of(
        allocations=shares(control=0.25, inactive=0.1667, blue=0.5833), description="Blue"
    )
    return services.edit(command("ada"), "buttontst", changed, base=base.id).revision


def test_a_review_is_translated_with_the_numbers_of_the_language(revision, grace, speak):
    speak(GERMAN)
    more_blue(revision)
    german = {
        (
            "blue wächst von 25 Prozent auf 58,33 Prozent. Dabei gilt: 33,33 Prozent der Besucher "
            "kommen hinzu, niemand springt."
        ),
        "Aus der Beschreibung The colour of the button wurde Blue.",
        "Die Id von Verteilung 1 war #A1 und ist #B1.",
        "Verteilung 1 (#B1) hat ungleiche Gruppen.",
    }
    found = sentences(grace.get(f"{TEST}compare/?old={revision.id}"))
    assert {*found} == german
    assert "58,33 Prozent" in text(grace.get(TEST))


def test_json_stays_english(revision, grace, speak):
    speak(GERMAN)
    more_blue(revision)
    newest = grace.get(f"{ROOT}api/tests/buttontst/history/").json()["results"][0]
    english = "The description changed from The colour of the button to Blue."
    assert english in newest["sentences"]


def test_a_review_leaves_no_english_word(revision, grace, speak):
    speak({texts[0]: rewritten(texts[0]) for texts in all_marked() if len(texts) == 1})
    more_blue(revision)
    found = sentences(grace.get(f"{TEST}compare/?old={revision.id}"))
    assert found
    data = {"A", "B", "blue", "control", "inactive", "The", "colour", "of", "the", "button", "Blue"}
    for sentence in found:
        assert {*re.findall("[A-Za-z]+", sentence)} <= data, sentence
        assert "58.33" not in sentence


def test_the_steps_of_try_leave_no_english_word(revision, grace, speak):
    speak({texts[0]: rewritten(texts[0]) for texts in all_marked() if len(texts) == 1})
    form = fields(grace.get(f"{TEST}edit/")) | {"try-id": "42"}
    page = grace.post(f"{ROOT}check/", form).content.decode()
    steps = html.unescape(re.search(r"<pre[^>]*>(.*?)</pre>", page, re.S)[1])
    # Names, values, the picture, and the result of a rule.
    data = {"buttontst", "ACCOUNT", "A", "inactive", "control", "blue", "true", "a", "b", "c"}
    assert {*re.findall("[A-Za-z]+", re.sub(r"\|.*\|", "", steps))} <= data
    assert len(steps.splitlines()) > 5


def test_problems_on_the_edit_page_are_translated(revision, grace, speak):
    speak(GERMAN)
    form = fields(grace.get(f"{TEST}edit/")) | {"description": ""}
    checked = grace.post(f"{ROOT}check/", form)
    assert "Die Beschreibung fehlt" in text(checked)
    refused = grace.post(f"{TEST}edit/", {**form, "do": "publish"})
    assert refused.status_code == 422
    assert "Die Beschreibung fehlt" in text(refused)


def test_a_page_that_refuses_is_translated(revision, grace, speak):
    speak(GERMAN)
    page = text(grace.get(f"{ROOT}matrix/?branch=prod"))
    assert "Kein Zweig 'prod': " in page


def test_plurals_follow_the_language(speak):
    speak(GERMAN)
    assert words_of(ApprovalNeeded("qa", 1, 0)) == "Für qa fehlt 1 Person"
    assert words_of(ApprovalNeeded("qa", 2, 0)) == "Für qa fehlen 2 Personen"
    assert str(ApprovalNeeded("qa", 2, 0)).startswith("Publishing on 'qa' needs approval from 2")


def test_times_have_the_format_of_the_language(speak, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    now = datetime(2026, 3, 1, 11, 0, tzinfo=timezone.utc)
    due = now + timedelta(hours=1)
    steps = [Wanted(due, text="{}"), Wanted(due, text="{}")]
    with pytest.raises(Refused) as found:
        refuse_times("buttontst", steps, now)
    (problem,) = found.value.problems
    speak(GERMAN)
    assert problem.message == (
        "step 2: 2026-03-01 12:00:00+00:00 is not after the time of the previous step"
    )
    assert translated(problem.message) == "Schritt 2 zu früh: 1. März 2026 13:00"


def test_what_has_no_translation_stays_english(speak):
    speak({})
    error = Conflict("buttontst", "qa", base=None, yours=None, head=None)
    assert words_of(error) == str(error)
    assert translated("a text that is no sentence") == "a text that is no sentence"
