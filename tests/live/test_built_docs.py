"""The built documentation: its search answers questions, and its reference lists attributes."""

from __future__ import annotations

import functools
import importlib.util
import re
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest

from proctor import core
from proctor.core.matrices import matrix
from tests.core.test_public_api import INTERNAL
from tests.fences import ROOT
from tests.live.browser import browser, one, until

#: What is typed into the search, and a page or heading that has to be among the first five.
QUESTIONS = {
    "roll out to 10 % of Germany": "How do I roll out a feature to 10 % of visitors in one country",
    "why am I in control?": "Why am I in the control group?",
    "how do I delete a test": "How do I delete a test?",
    "my change is not taken": "Why has my change not taken effect?",
    "the page is cached": "The page is cached",
    "see every variant": "See every group (QA)",
    "sample size": "What sample size do I need",
    "who can edit a test": "Who can edit a test",
    "logged in users only": "How do I show a test only to users who are logged in?",
    "rename a test": "How do I rename a test?",
    "django-waffle": "Coming from django-waffle",
    "stop a test": "Stop a test",
    "does it slow my pages?": "Does django-proctor slow down my pages?",
    "how do I test my view with a variant?": "How do I test my view with each variant?",
    "what happens when the Pipet is down?": "What happens when the Pipet is down",
    "can I use it with DRF?": "Django REST framework (DRF)",
    "same user, different group on the phone": "on a different device",
    "groups in Celery": "Celery task",
    "send groups to Google Analytics": "How do I send groups to analytics?",
    "remove an old experiment": "Finish a test",
    "testing": "Test your code",
    "matrix": "The matrix",
    "AA test": "Questions and answers",
    "release a feature to ten percent of visitors in one country": "How do I roll out a feature",
    "unit test with a forced group": "Test your code",
    "override_proctor": "proctor.testing.override_proctor",
}

#: The attributes of these classes are the fields of the JSON, which docs/matrix.md describes.
FIELDS_OF_THE_MATRIX = set(matrix.__all__)

pytestmark = [
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, ("sphinx", "myst_parser", "furo"))),
        reason="needs Sphinx, which is in the group `docs`",
    )
]


class Silent(SimpleHTTPRequestHandler):
    """Serves files without logging."""

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the directory with the built pages."""
    built = tmp_path_factory.mktemp("html")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(ROOT / "docs"), str(built)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    return built


@pytest.fixture(scope="module")
def search(built):
    """Return a function that returns the titles of the results in order."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(built)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with browser() as window:

        def titles(query):
            window.get(f"http://127.0.0.1:{server.server_port}/search.html?q={quote(query)}")
            until(window, lambda: "finished" in one(window, ".search-summary").text)
            found = window.find_elements("css selector", "ul.search > li > a")
            return [each.text for each in found]

        yield titles
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_by_one_of_the_first_results(search, question):
    first = search(question)[:5]
    assert any(QUESTIONS[question] in each for each in first), first


def test_words_that_no_page_has_leave_the_others_to_be_found(search):
    assert any("Glossary" in each for each in search("xyzzy glossary")[:5])


def attributes_of_public_classes():
    """Yield the class and the name of each public attribute that has an annotation."""
    for name in sorted(set(core.__all__) - FIELDS_OF_THE_MATRIX):
        value = getattr(core, name)
        if isinstance(value, type):
            for attribute in vars(value).get("__annotations__", {}):
                if attribute[0] != "_" and f"{name}.{attribute}" not in INTERNAL:
                    yield name, attribute


def test_the_reference_lists_every_attribute_of_a_public_class(built):
    pages = "".join(page.read_text(encoding="utf-8") for page in built.glob("*.html"))
    missing = [
        f"{name}.{attribute}"
        for name, attribute in attributes_of_public_classes()
        if not re.search(rf'id="proctor[\w.]*\.{name}\.{attribute}"', pages)
    ]
    assert not missing, missing
