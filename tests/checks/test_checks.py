from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.decorators import login_not_required, login_required
from django.core import checks
from django.core.checks import run_checks
from django.core.checks.registry import registry as bound
from django.db.transaction import non_atomic_requests
from django.http import HttpResponse
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.utils.deprecation import MiddlewareMixin
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from proctor import ProctorTest
from proctor.checks import CHECKS, DEPLOY_CHECKS, TAG, register_checks
from proctor.decorators import proctor_variant
from proctor.middleware import BaseProctorMiddleware, ProctorMiddleware
from tests.site_matrices import definition, one_bucket, write_matrix

ROOT = Path(__file__).resolve().parent.parent.parent

HERE = __name__
OURS = "proctor.middleware.ProctorMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
USERS = "django.contrib.auth.middleware.AuthenticationMiddleware"


class Silent(BaseProctorMiddleware):
    """A middleware that does not identify visitors."""


class Awaited(BaseProctorMiddleware):
    async def aget_identifiers(self, request):
        return {}


class Ready(ProctorMiddleware):
    """The middleware without changes."""


class OwnContext(ProctorMiddleware):
    def get_context(self, request):
        return {"country": request.session["country"]}


class OwnHook(ProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "someone"}


class NoSource:
    """A class without determine_groups."""


class OwnSource:
    def determine_groups(self, request):
        raise NotImplementedError

    def close(self):
        pass


def fresh():
    """A new view for each test, because some of Django's decorators change the decorated view."""

    def view(request):
        return HttpResponse("view")

    return view


view, other = fresh(), fresh()


#: Names of tests that are read as something else; the matrix has them all.
ODD_NAMES = (
    *("peek", "logging_string", "get_group_string_list", "_hidden"),
    *("button-color", "tst2"),
)


@pytest.fixture(autouse=True)
def sound(settings, tmp_path):
    """Settings for which no check reports a problem."""
    settings.INSTALLED_APPS = ["django.contrib.sessions", "proctor"]
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": []})
    settings.MIDDLEWARE = [SESSIONS, USERS, OURS]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.TEMPLATES = [engine("proctor.context_processors.proc")]
    settings.PROCTOR_TESTS = (
        ProctorTest("buttoncolortst", groups=("control", "blue"), default="control"),
        ProctorTest("anygrouptst"),
    )
    settings.PROCTOR_IDENTIFIERS = {"acctid": "ACCOUNT"}
    settings.PROCTOR_CONTEXT = {"country": "String"}
    settings.PROCTOR_MATRIX = write_matrix(
        tmp_path,
        buttoncolortst=definition(one_bucket("control", 0), one_bucket("blue", 1)),
        anygrouptst=definition(one_bucket("on", 1)),
        **{name: definition(one_bucket("on", 1)) for name in ODD_NAMES},
    )
    return settings


def engine(*processors):
    return {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"context_processors": list(processors)},
    }


def use_page(settings, text):
    """Make *text* the site's only template, page.html."""
    loader = ("django.template.loaders.locmem.Loader", {"page.html": text})
    settings.TEMPLATES = [engine("proctor.context_processors.proc")]
    settings.TEMPLATES[0]["OPTIONS"]["loaders"] = [loader]


def found(**options):
    """Return the messages of our checks, run by Django."""
    return run_checks(tags=[TAG], **options)


def ids(**options):
    return [message.id for message in found(**options)]


def only(identifier):
    """Return the only message, which must have this id."""
    messages = found()
    assert [message.id for message in messages] == [identifier]
    return messages[0]


def serve(settings, *views):
    """Use these views in the URLconf."""
    patterns = [path(f"{number}/", each) for number, each in enumerate(views)]
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": patterns})


# -- The checks themselves ------------------------------------------------------------------


def test_sound_settings_have_no_messages():
    assert ids(include_deployment_checks=True) == []


def test_the_shop_has_no_messages():
    run = subprocess.run(
        [sys.executable, "testproject/manage.py", "check", "--tag", TAG, "--fail-level", "DEBUG"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_all_checks_are_bound():
    assert set(CHECKS) <= set(bound.get_checks())


def test_deploy_checks_are_bound_for_deployment_only():
    only_deployed = set(bound.get_checks(include_deployment_checks=True)) - set(bound.get_checks())
    assert {check for check, _ in DEPLOY_CHECKS} <= only_deployed


def test_binding_twice_does_not_tell_twice(sound):
    sound.PROCTOR_MATRIX = None
    register_checks()
    assert ids() == ["proctor.W002"]


FRESH_PROJECT = """
import django
from django.conf import settings
from django.core.checks import run_checks

settings.configure(INSTALLED_APPS=["proctor"])
django.setup()
print([message.id for message in run_checks(tags=["proctor"], include_deployment_checks=True)])
"""


def test_defaults_alone_are_told_only_that_nobody_decides():
    run = subprocess.run(
        [sys.executable, "-c", FRESH_PROJECT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "['proctor.W002']"


def ids_in(text):
    return set(re.findall(r"proctor\.[EW]\d{3}", text))


def ids_of_the_code():
    files = [*(ROOT / "proctor/checks").glob("*.py"), *(ROOT / "proctor").glob("*/checks.py")]
    return ids_in("".join(file.read_text() for file in files))


def test_the_page_lists_every_id_and_no_other():
    page = (ROOT / "docs/checks.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(proctor\.\w+)` \|", page, re.MULTILINE)) == ids_of_the_code()


def test_every_id_has_a_test():
    tests = Path(__file__).parent.glob("test_*.py")
    named = "".join(each.read_text(encoding="utf-8") for each in tests)
    assert ids_of_the_code() <= ids_in(named)


def messages_of_a_bad_site(settings):
    settings.PROCTOR_LAZY = "yes"
    settings.PROCTOR_VARY = "Cookie"
    settings.PROCTOR_LAZZY = True
    settings.PROCTOR_API_ROOT = "http://pipet.example.com"
    settings.PROCTOR_CACHE_METHOD = "cache"
    settings.PROCTOR_CACHE_NAME = "pipet"
    settings.PROCTOR_SOURCE = "nowhere.Source"
    settings.PROCTOR_IDENTIFIERS = {"acctid": "ACOUNT"}
    settings.MIDDLEWARE = [OURS, SESSIONS, f"{HERE}.Silent"]
    settings.PROCTOR_TESTS = ("tst2", "peek")
    settings.TEMPLATES = [engine()]
    settings.MIDDLEWARE_CLASSES = ()
    serve(settings, proctor_variant("absenttst", on=other)(view))
    return found(include_deployment_checks=True)


def test_every_message_has_a_hint(sound):
    messages = messages_of_a_bad_site(sound)
    assert [message.id for message in messages if not message.hint] == []


def test_every_message_and_hint_is_a_sentence(sound):
    messages = messages_of_a_bad_site(sound)
    texts = [text for each in messages for text in (each.msg, each.hint)]
    assert [text for text in texts if ".." in text or ";;" in text or "  " in text] == []


def test_an_id_says_what_its_severity_is(sound):
    letters = {checks.Error: "E", checks.Warning: "W"}
    for message in messages_of_a_bad_site(sound):
        assert message.id.startswith(f"proctor.{letters[type(message)]}")


# -- Values ---------------------------------------------------------------------------------

WRONG = [
    ("PROCTOR_MATRIX", 7),
    ("PROCTOR_MATRIX", b"matrix.json"),
    ("PROCTOR_MATRIX", "https:///matrix.json"),
    ("PROCTOR_MATRIX_RELOAD", "30"),
    ("PROCTOR_MATRIX_RELOAD", -1),
    ("PROCTOR_MATRIX_RELOAD", float("nan")),
    ("PROCTOR_MATRIX_RELOAD", None),
    ("PROCTOR_TIMEOUT", True),
    ("PROCTOR_SOURCE", OwnSource),
    ("PROCTOR_IDENTIFIERS", ["acctid"]),
    ("PROCTOR_IDENTIFIERS", None),
    ("PROCTOR_CONTEXT", "country"),
    ("PROCTOR_PIPET_CONFIG", 1),
    ("PROCTOR_TEST_TYPES", None),
    ("PROCTOR_TEST_TYPES", [1]),
    ("PROCTOR_IDENTIFIER_VALIDATOR", "nonempty"),
    ("PROCTOR_LAZY", "no"),
    ("PROCTOR_LAZY", 1),
    ("PROCTOR_VARY", {"Cookie": True}),
    ("PROCTOR_ID_COOKIE", "my cookie"),
    ("PROCTOR_ID_COOKIE", None),
    ("PROCTOR_CACHE_METHOD", "memcached"),
    ("PROCTOR_CACHE_METHOD", []),
    ("PROCTOR_CACHE_NAME", 0),
    ("PROCTOR_CACHE_TIMEOUT", "60"),
    ("PROCTOR_CACHE_VERSION_TIMEOUT", -1),
    ("PROCTOR_BASE_TEMPLATE", ["base.html"]),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_value_of_another_type_is_an_error(sound, name, value):
    setattr(sound, name, value)
    message = only("proctor.E001")
    assert message.msg.startswith(f"{name} is ")


@pytest.mark.parametrize("value", [7, "pipet.example.com", "ftp://pipet", "http://", "http://["])
def test_a_pipet_that_is_no_web_address_is_an_error(sound, value):
    sound.PROCTOR_MATRIX = None
    sound.PROCTOR_API_ROOT = value
    assert only("proctor.E001").msg.startswith("PROCTOR_API_ROOT is ")


def test_an_address_is_not_shown_since_it_may_hold_a_password(sound):
    sound.PROCTOR_MATRIX = "https://us:secret@/"
    assert "secret" not in str(only("proctor.E001"))


RIGHT = [
    ("PROCTOR_MATRIX", "https://example.com/matrix.json"),
    ("PROCTOR_MATRIX_RELOAD", float("inf")),
    ("PROCTOR_TIMEOUT", 0),
    ("PROCTOR_SOURCE", f"{HERE}.OwnSource"),
    ("PROCTOR_CONTEXT", None),
    ("PROCTOR_TEST_TYPES", ["TEAM"]),
    ("PROCTOR_IDENTIFIER_VALIDATOR", "noempty"),
    ("PROCTOR_IDENTIFIER_VALIDATOR", lambda test_type, identifier: True),
    ("PROCTOR_LAZY", True),
    ("PROCTOR_VARY", ("Cookie",)),
    ("PROCTOR_ID_COOKIE", "__Host-proctor"),
    ("PROCTOR_CACHE_METHOD", "cache"),
    ("PROCTOR_CACHE_METHOD", "session"),
    ("PROCTOR_CACHE_NAME", "only-read-by-the-method-cache"),
    ("PROCTOR_CACHE_TIMEOUT", None),
    ("PROCTOR_CACHE_VERSION_TIMEOUT", 60),
    ("PROCTOR_BASE_TEMPLATE", "base.html"),
]


@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_a_value_that_makes_sense_has_no_message(sound, name, value):
    if name == "PROCTOR_CACHE_METHOD":
        # With a matrix there is nothing to cache.
        with_pipet(sound)
    setattr(sound, name, value)
    assert ids() == []


@pytest.mark.parametrize("name", ["PROCTOR_TEST_TYPES", "PROCTOR_VARY"])
def test_a_text_where_a_tuple_was_meant_is_an_error(sound, name):
    setattr(sound, name, "Cookie")
    assert only("proctor.E002").hint == "A tuple with one element needs a comma: ('Cookie',)."


def test_an_unknown_setting_is_a_warning_with_the_nearest_name(sound):
    sound.PROCTOR_MATRX = "matrix.json"
    assert only("proctor.W001").hint.startswith("Did you mean PROCTOR_MATRIX?")


def test_an_unknown_setting_that_is_near_to_none_lists_them(sound):
    sound.PROCTOR_QQQ = 1
    assert only("proctor.W001").hint.startswith("The settings are PROCTOR_API_ROOT, ")


@pytest.mark.parametrize("name", ["MIDDLEWARE_CLASSES", "TEMPLATE_CONTEXT_PROCESSORS"])
def test_a_setting_of_old_djangos_is_a_warning(sound, name):
    setattr(sound, name, ())
    assert only("proctor.W011").msg.startswith(name)


# -- Declarations ---------------------------------------------------------------------------


def test_tests_declared_as_a_text_are_an_error(sound):
    sound.PROCTOR_TESTS = "buttoncolortst"
    assert (
        only("proctor.E002").hint == "A tuple with one element needs a comma: ('buttoncolortst',)."
    )


def test_groups_declared_as_a_text_are_an_error(sound):
    sound.PROCTOR_TESTS = {"buttoncolortst": {"groups": "blue"}}
    assert "'blue'" in only("proctor.E002").msg


@pytest.mark.parametrize(
    "declared",
    [
        None,
        7,
        (7,),
        ("",),
        {"buttoncolortst": "blue"},
        {"buttoncolortst": {"group": ["blue"]}},
        (ProctorTest("buttoncolortst", groups=7),),
        (ProctorTest("buttoncolortst", groups=(1,)),),
        (ProctorTest("buttoncolortst", groups={"blue": "1"}),),
        (ProctorTest("buttoncolortst", default=1),),
        (ProctorTest("buttoncolortst", payload=bytes),),
        (ProctorTest("buttoncolortst", payload=["string"]),),
    ],
)
def test_a_declaration_that_is_none_is_an_error(sound, declared):
    sound.PROCTOR_TESTS = declared
    assert "proctor.E001" in ids()


def test_a_default_that_is_not_among_the_groups_is_an_error_with_the_nearest(sound):
    sound.PROCTOR_TESTS = (ProctorTest("buttoncolortst", ("control", "blue"), default="contrl"),)
    assert only("proctor.E003").hint.startswith("Did you mean 'control'?")


def test_a_test_declared_twice_is_an_error(sound):
    sound.PROCTOR_TESTS = ("buttoncolortst", ProctorTest("buttoncolortst"))
    assert only("proctor.E004").hint == "Remove one."


@pytest.mark.parametrize("name", ["peek", "logging_string", "get_group_string_list"])
def test_a_name_that_is_an_attribute_of_proc_is_a_warning(sound, name):
    sound.PROCTOR_TESTS = (name,)
    assert f"request.proc[{name!r}]" in only("proctor.W007").hint


def test_a_name_that_begins_with_an_underscore_cannot_be_read_in_templates_either(sound):
    sound.PROCTOR_TESTS = ("_hidden",)
    message = only("proctor.W007")
    assert "begins with an underscore" in message.msg
    assert message.hint.startswith("In Python, write request.proc['_hidden']. In templates, use a")


def test_a_name_that_is_no_python_name_is_fine(sound):
    sound.PROCTOR_TESTS = ("button-color",)
    assert ids() == []


def test_a_name_that_ends_in_a_digit_is_a_warning(sound):
    sound.PROCTOR_TESTS = ("tst2",)
    assert "'tst21', which is read as the test 'tst' with the value 21" in only("proctor.W008").msg


# -- Sources --------------------------------------------------------------------------------


def test_a_pipet_and_a_matrix_are_an_error(sound):
    sound.PROCTOR_API_ROOT = "http://pipet.example.com"
    assert only("proctor.E005").is_serious(checks.ERROR)


def test_neither_a_pipet_nor_a_matrix_is_a_warning(sound):
    sound.PROCTOR_MATRIX = None
    assert not only("proctor.W002").is_serious(checks.ERROR)


def test_a_pipet_alone_is_fine(sound):
    sound.PROCTOR_MATRIX = None
    sound.PROCTOR_API_ROOT = "http://pipet.example.com"
    assert ids() == []


def test_a_source_of_ones_own_is_enough(sound):
    sound.PROCTOR_MATRIX = None
    sound.PROCTOR_SOURCE = f"{HERE}.OwnSource"
    assert ids() == []


@pytest.mark.parametrize("value", ["nowhere.Source", f"{HERE}.Absent", f"{HERE}.NoSource", "view"])
def test_a_source_that_is_none_is_an_error(sound, value):
    sound.PROCTOR_SOURCE = value
    assert repr(value) in only("proctor.E009").msg


def test_a_matrix_that_is_not_there_is_a_warning(sound, tmp_path):
    sound.PROCTOR_MATRIX = tmp_path / "absent.json"
    assert "absent.json" in only("proctor.W003").msg


def test_a_relative_path_is_shown_with_where_it_begins(sound, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sound.PROCTOR_MATRIX = "absent.json"
    assert repr(str(tmp_path)) in only("proctor.W003").msg


def with_pipet(sound):
    sound.PROCTOR_MATRIX = None
    sound.PROCTOR_API_ROOT = "https://pipet.example.com"


@pytest.mark.parametrize("timeout", [0, float("inf"), 4000])
def test_a_time_that_no_call_to_a_pipet_can_keep_is_an_error(sound, timeout):
    with_pipet(sound)
    sound.PROCTOR_TIMEOUT = timeout
    assert repr(timeout) in only("proctor.E015").msg


def test_a_cache_beside_the_matrix_in_the_process_is_a_warning(sound):
    sound.PROCTOR_CACHE_METHOD = "cache"
    assert "'cache'" in only("proctor.W015").msg


def test_an_id_cookie_that_browsers_ignore_is_an_error(sound):
    sound.PROCTOR_ID_COOKIE_SAMESITE = "None"
    sound.PROCTOR_ID_COOKIE_SECURE = False
    assert "PROCTOR_ID_COOKIE_SECURE is False" in only("proctor.E023").msg


def test_a_cache_for_a_source_without_fingerprints_is_a_warning(sound):
    sound.PROCTOR_MATRIX = None
    sound.PROCTOR_SOURCE = f"{HERE}.OwnSource"
    sound.PROCTOR_CACHE_METHOD = "cache"
    message = only("proctor.W036").msg
    assert "'cache'" in message
    assert "OwnSource" in message


def test_a_cache_for_a_source_with_fingerprints_is_accepted(sound, monkeypatch):
    monkeypatch.setattr(OwnSource, "fingerprint", lambda self, request: None, raising=False)
    sound.PROCTOR_MATRIX = None
    sound.PROCTOR_SOURCE = f"{HERE}.OwnSource"
    sound.PROCTOR_CACHE_METHOD = "cache"
    assert ids() == []


@pytest.mark.parametrize(
    ("backend", "words"),
    [("locmem.LocMemCache", "different versions"), ("dummy.DummyCache", "keeps nothing")],
)
def test_a_cache_that_no_processes_share_is_a_warning_when_deploying(sound, backend, words):
    with_pipet(sound)
    sound.PROCTOR_CACHE_METHOD = "cache"
    sound.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}"}}
    assert (ids(), ids(include_deployment_checks=True)) == ([], ["proctor.W016"])
    (message,) = checks.run_checks(tags=["proctor"], include_deployment_checks=True)
    assert words in message.msg


def test_names_that_no_url_has_room_for_are_a_warning(sound):
    with_pipet(sound)
    sound.PROCTOR_TESTS = tuple(f"averylongnameofatest{number}tst" for number in range(100))
    assert ids() == []
    sound.PROCTOR_TESTS = tuple(f"averylongnameofatest{number}tst" for number in range(150))
    assert "more than 3500 bytes in the URL" in only("proctor.W018").msg
    sound.PROCTOR_API_ROOT = None
    sound.PROCTOR_MATRIX = __file__
    assert "proctor.W018" not in ids()


def test_a_cache_that_processes_share_is_fine(sound):
    with_pipet(sound)
    sound.PROCTOR_CACHE_METHOD = "cache"
    sound.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
    assert ids(include_deployment_checks=True) == []


def test_without_a_pipet_it_does_not_matter_what_processes_share(sound):
    sound.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert ids(include_deployment_checks=True) == []


def test_a_cache_that_is_not_there_is_an_error(sound):
    with_pipet(sound)
    sound.PROCTOR_CACHE_METHOD = "cache"
    sound.PROCTOR_CACHE_NAME = "groups"
    assert "'groups'" in only("proctor.E006").msg


@pytest.mark.parametrize("method", ["cache", "session"])
def test_without_a_name_the_default_cache_must_be_there(sound, method):
    with_pipet(sound)
    sound.PROCTOR_CACHE_METHOD = method
    sound.CACHES = {}
    assert "'default'" in only("proctor.E006").msg


@pytest.mark.parametrize("name", ["PROCTOR_MATRIX", "PROCTOR_API_ROOT"])
def test_an_open_line_is_a_warning_when_deploying(sound, name):
    sound.PROCTOR_MATRIX = None
    setattr(sound, name, "http://proctor.example.com/")
    assert (ids(), ids(include_deployment_checks=True)) == ([], ["proctor.W014"])


@pytest.mark.parametrize(
    "address",
    ["https://example.com/", "http://localhost:8000/", "http://127.0.0.2/", "http://[::1]/"],
)
def test_a_line_that_is_not_open_is_fine(sound, address):
    sound.PROCTOR_MATRIX = address
    assert ids(include_deployment_checks=True) == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("gopher://example.com/matrix.json", "cannot be read from 'gopher' URLs"),
        ("s3://shop-bucket", "s3fs"),
    ],
)
def test_a_store_that_cannot_be_read_is_an_error(sound, monkeypatch, address, words):
    pytest.importorskip("fsspec", reason="needs fsspec, which is in the group `test`")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    sound.PROCTOR_MATRIX = address
    assert words in only("proctor.E019").msg


def test_a_store_that_can_be_read_is_fine(sound):
    pytest.importorskip("fsspec", reason="needs fsspec, which is in the group `test`")
    sound.PROCTOR_MATRIX = "memory://bucket/matrix.json"
    assert ids(include_deployment_checks=True) == []


def test_credentials_in_the_address_of_a_store_are_a_warning_that_does_not_show_them(sound):
    pytest.importorskip("fsspec", reason="needs fsspec, which is in the group `test`")
    sound.PROCTOR_MATRIX = "memory://key:hunter2@bucket/matrix.json"
    assert "hunter2" not in str(only("proctor.W028"))


# -- Identifiers and context ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROCTOR_IDENTIFIERS", {"acctid": 7}),
        ("PROCTOR_IDENTIFIERS", {"acctid": "RANDOM"}),
        ("PROCTOR_CONTEXT", {"country": "Strng"}),
        ("PROCTOR_CONTEXT", {"country": {"typ": "String"}}),
        ("PROCTOR_CONTEXT", {"a": {"type": "int", "name": "c"}, "b": {"type": "int", "name": "c"}}),
    ],
)
def test_variables_that_make_no_sense_are_an_error(sound, name, value):
    setattr(sound, name, value)
    assert only("proctor.E008").is_serious(checks.ERROR)


def test_a_pipet_configuration_that_is_not_there_is_an_error(sound, tmp_path):
    sound.PROCTOR_IDENTIFIERS, sound.PROCTOR_CONTEXT = {}, None
    sound.PROCTOR_PIPET_CONFIG = tmp_path / "pipet-config.json"
    assert only("proctor.E008").msg.startswith("PROCTOR_PIPET_CONFIG: ")


def test_settings_that_a_pipet_configuration_hides_are_warnings(sound):
    sound.PROCTOR_PIPET_CONFIG = {"identifiers": {}, "context": {}}
    assert ids() == ["proctor.W013", "proctor.W013"]


def test_an_identifier_that_leads_to_no_test_type_is_a_warning(sound):
    sound.PROCTOR_IDENTIFIERS = {"acctid": "ACOUNT"}
    assert only("proctor.W009").hint.startswith("Did you mean 'ACCOUNT'?")


def test_a_pipet_configuration_alone_is_fine(sound):
    sound.PROCTOR_IDENTIFIERS, sound.PROCTOR_CONTEXT = {}, None
    sound.PROCTOR_PIPET_CONFIG = {"identifiers": {}, "context": {}}
    assert ids() == []


def test_an_identifier_of_a_registered_test_type_is_fine(sound):
    sound.PROCTOR_IDENTIFIERS = {"team": "TEAM"}
    sound.PROCTOR_TEST_TYPES = ("TEAM",)
    assert ids() == []


# -- Middleware -----------------------------------------------------------------------------


def test_tests_without_a_middleware_are_a_warning(sound):
    sound.MIDDLEWARE = [SESSIONS]
    assert ids() == ["proctor.W004"]


def test_without_tests_no_middleware_is_missed(sound):
    sound.MIDDLEWARE, sound.PROCTOR_TESTS = [SESSIONS], ()
    assert ids() == []


def test_two_middlewares_are_a_warning(sound):
    sound.MIDDLEWARE = [SESSIONS, USERS, OURS, f"{HERE}.Awaited"]
    assert f"'{HERE}.Awaited'" in only("proctor.W005").msg


def test_a_middleware_that_does_not_say_who_a_visitor_is_is_an_error(sound):
    sound.MIDDLEWARE = [SESSIONS, USERS, f"{HERE}.Silent"]
    assert "get_identifiers" in only("proctor.E012").hint


def test_an_awaitable_hook_is_enough(sound):
    sound.MIDDLEWARE = [SESSIONS, USERS, f"{HERE}.Awaited"]
    assert ids() == []


@pytest.mark.parametrize("ours", [OURS, f"{HERE}.Ready"])
@pytest.mark.parametrize("order", [(0, SESSIONS, USERS), (SESSIONS, 0, USERS)])
def test_the_ready_middleware_before_the_users_is_an_error(sound, ours, order):
    sound.MIDDLEWARE = [each or ours for each in order]
    assert repr(USERS) in only("proctor.E013").hint


@pytest.mark.parametrize("ours", [f"{HERE}.Awaited", f"{HERE}.OwnHook"])
def test_a_middleware_with_its_own_hooks_before_the_users_is_a_warning(sound, ours):
    sound.MIDDLEWARE = [SESSIONS, ours, USERS]
    assert repr(USERS) in only("proctor.W006").hint


def test_the_ready_middleware_before_the_users_is_a_warning_if_it_is_lazy(sound):
    sound.MIDDLEWARE, sound.PROCTOR_LAZY = [SESSIONS, OURS, USERS], True
    assert ids() == ["proctor.W006"]


@pytest.mark.parametrize("middleware", [[OURS], [OURS, SESSIONS]])
def test_the_ready_middleware_needs_no_sessions_where_nobody_signs_in(sound, middleware):
    sound.MIDDLEWARE = middleware
    assert ids() == []


@pytest.mark.parametrize("ours", [f"{HERE}.Awaited", f"{HERE}.OwnContext"])
def test_a_middleware_with_its_own_hooks_before_the_sessions_is_a_warning(sound, ours):
    sound.MIDDLEWARE = [ours, SESSIONS]
    assert repr(SESSIONS) in only("proctor.W006").hint


def test_a_middleware_that_cannot_be_imported_is_djangos_matter(sound):
    sound.MIDDLEWARE = [SESSIONS, USERS, OURS, "nowhere.Middleware"]
    assert ids() == []


@pytest.mark.parametrize("middleware", [[OURS], [OURS, SESSIONS]])
def test_the_session_method_without_sessions_is_an_error(sound, middleware):
    sound.MIDDLEWARE, sound.PROCTOR_CACHE_METHOD = middleware, "session"
    assert "proctor.E007" in ids()


# -- The pages ------------------------------------------------------------------------------


PAGES = "tests.pages.test_pages"


def with_pages(sound, **template):
    sound.ROOT_URLCONF = PAGES
    sound.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["proctor.context_processors.proc"]},
            **template,
        }
    ]


def test_pages_that_nobody_may_see_are_a_warning(sound):
    with_pages(sound)
    sound.MIDDLEWARE = [f"{HERE}.OnlyIdentifiers"]
    assert "is_privileged" in only("proctor.W017").hint


@pytest.mark.parametrize("way", ["setting", "tag"])
def test_a_bar_without_the_groups_page_is_a_warning(sound, way):
    template = "{% load proctor %}{%proctor_bar%}" if way == "tag" else ""
    use_page(sound, template)
    sound.PROCTOR_BAR = way == "setting"
    place = "PROCTOR_BAR" if way == "setting" else "page.html"
    assert only("proctor.W029").msg.startswith(f"{place} adds the bar")


def test_a_bar_with_the_groups_page_is_fine(sound):
    with_pages(sound)
    sound.MIDDLEWARE = [f"{PAGES}.Open"]
    sound.PROCTOR_BAR = True
    assert ids() == []


class OnlyIdentifiers(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {}


@pytest.mark.parametrize("way", ["hook", "setting"])
def test_pages_that_somebody_may_see_are_fine(sound, way):
    with_pages(sound)
    sound.MIDDLEWARE = [f"{PAGES}.Open" if way == "hook" else f"{HERE}.OnlyIdentifiers"]
    sound.PROCTOR_STAFF_MAY_FORCE = way == "setting"
    assert ids() == []


def test_a_base_template_that_is_not_there_is_an_error(sound):
    with_pages(sound)
    sound.MIDDLEWARE = [f"{PAGES}.Open"]
    sound.PROCTOR_BASE_TEMPLATE = "absent.html"
    assert "'absent.html'" in only("proctor.E014").msg


def test_pages_whose_templates_no_engine_finds_are_an_error(sound):
    with_pages(sound, APP_DIRS=False)
    sound.MIDDLEWARE = [f"{PAGES}.Open"]
    assert "APP_DIRS" in only("proctor.E014").hint


# -- Methods of version 1 ---------------------------------------------------------------------


class Older(ProctorMiddleware):
    """A middleware that overrides methods that version 1 called."""

    def process_request(self, request):
        """Never called."""

    def process_response(self, request, response):
        """Never called."""

    def get_cacher(self):
        """Never called."""

    def is_lazy(self):
        """Never called."""

    def _get_force_groups(self, request):
        """Never called."""


class AlwaysPrivileged(ProctorMiddleware):
    async def is_privileged(self, request):
        return False


def test_a_coroutine_function_as_a_plain_hook_is_an_error(sound):
    sound.MIDDLEWARE = [SESSIONS, USERS, f"{HERE}.AlwaysPrivileged"]
    assert "rename it to ais_privileged" in only("proctor.E022").msg


class Mixed(MiddlewareMixin, ProctorMiddleware):
    """Never handles a request, because MiddlewareMixin comes first."""


class MixedLast(ProctorMiddleware, MiddlewareMixin):
    def process_response(self, request, response):
        """Never called, because MiddlewareMixin comes last."""


def test_methods_that_are_never_called_are_warnings_with_their_successors(sound):
    sound.MIDDLEWARE = [SESSIONS, USERS, f"{HERE}.Older"]
    messages = found()
    assert {each.id for each in messages} == {"proctor.W024"}
    named = {each.msg.split("overrides ")[1].split("()")[0]: each.hint for each in messages}
    assert all(each.msg.startswith(f"{HERE}.Older ") for each in messages)
    assert list(named) == [
        "process_request",
        "process_response",
        "get_cacher",
        "is_lazy",
        "_get_force_groups",
    ]
    assert "get_identifiers" in named["process_request"]
    assert "finish_response" in named["process_response"]
    assert "PROCTOR_CACHE_METHOD" in named["get_cacher"]
    assert "PROCTOR_LAZY" in named["is_lazy"]
    assert "is_privileged" in named["_get_force_groups"]


def test_djangos_mixin_before_ours_is_an_error(sound):
    sound.MIDDLEWARE = [SESSIONS, USERS, f"{HERE}.Mixed"]
    assert f"{HERE}.Mixed inherits from MiddlewareMixin" in only("proctor.E021").msg


def test_djangos_mixin_after_ours_calls_nothing(sound):
    sound.MIDDLEWARE = [SESSIONS, USERS, f"{HERE}.MixedLast"]
    assert "MixedLast overrides process_response()" in only("proctor.W024").msg


@pytest.fixture
def older_site(request, tmp_path, monkeypatch):
    """The module `older_site`, with the source in the parameter."""
    (tmp_path / "older_site.py").write_text(request.param)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize(
    ("older_site", "reason", "hint"),
    [
        ("from proctor import cache", "cannot import name 'cache'", "docs/upgrading.md"),
        ("import proctor.api", "No module named 'proctor.api'", "docs/upgrading.md"),
        ("import nowhere", "No module named 'nowhere'", "Correct the path"),
        ("1 / 0", "ZeroDivisionError: division by zero", "Correct the path"),
    ],
    indirect=["older_site"],
)
@pytest.mark.usefixtures("older_site")
def test_a_middleware_that_cannot_be_imported_is_an_error(sound, reason, hint):
    sound.MIDDLEWARE = [SESSIONS, "older_site.Middleware"]
    message = only("proctor.E020")
    assert "'older_site.Middleware'" in message.msg
    assert reason in message.msg
    assert hint in message.hint


@pytest.fixture
def unconfigured(sound):
    """Keep Django 6.1 from configuring the loggers of the test run when LOGGING changes."""
    sound.LOGGING_CONFIG = None


@pytest.mark.usefixtures("unconfigured")
@pytest.mark.parametrize("name", ["application.proctor", "application.proctor.api"])
def test_a_logger_of_version_1_is_a_warning(sound, name):
    sound.LOGGING = {"version": 1, "loggers": {name: {"level": "INFO"}, "proctor": {}}}
    assert repr(name) in only("proctor.W032").msg


@pytest.mark.usefixtures("unconfigured")
@pytest.mark.parametrize(
    "value",
    [
        *(None, {}, {"loggers": None}, {"loggers": {1: {}, "application": {}}}),
        {"loggers": {"application.proctoring": {}}},
    ],
)
def test_other_loggers_are_fine(sound, value):
    sound.LOGGING = value
    assert ids() == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ proc.buttoncolrtst.group }}",
        "{% if request.proc.buttoncolrtst %}",
        "{% if a\nand proc.buttoncolrtst.value > 1 %}",
    ],
)
def test_a_misspelled_test_in_a_template_is_a_warning_with_the_nearest(sound, text):
    use_page(sound, f"\n{text}")
    message = only("proctor.W035")
    assert message.msg.startswith(f"page.html:{text.count(chr(10)) + 2}: proc.buttoncolrtst is")
    assert message.hint == "Did you mean proc.buttoncolortst?"


@pytest.mark.parametrize(
    "text",
    [
        "{{ proc.buttoncolortst.group }}{{ proc.get_group_string_list }}{{ proc.pid }}",
        "proc.buttoncolrtst {{ other.proc.buttoncolrtst }}{{ myproc.buttoncolrtst }}",
        "{{ 'proc.buttoncolrtst' }}",
    ],
)
def test_other_texts_in_a_template_are_fine(sound, text):
    use_page(sound, text)
    assert "proctor.W035" not in ids()


@pytest.mark.parametrize("tag", ["{% load forcegroups %}", "{%load i18n forcegroups static%}"])
def test_the_tags_of_version_1_are_a_warning(sound, tag):
    use_page(sound, f"<a>\n{tag}</a>")
    assert only("proctor.W033").msg.startswith(f"page.html:2: {tag} loads tags")


def test_other_tag_libraries_are_fine(sound):
    use_page(sound, "{% load forcegroups2 %}{% load i18n %} forcegroups {% if a %}")
    assert "proctor.W033" not in ids()


# -- Templates ------------------------------------------------------------------------------


def test_templates_without_the_context_processor_are_a_warning(sound):
    sound.TEMPLATES = [engine("django.template.context_processors.request")]
    assert "'proctor.context_processors.proc'" in only("proctor.W012").hint


def test_one_engine_with_the_context_processor_is_enough(sound):
    sound.TEMPLATES = [
        {"NAME": "mails", **engine()},
        {"NAME": "pages", **engine("proctor.context_processors.proc")},
    ]
    assert ids() == []


def test_engines_that_cannot_be_made_are_djangos_matter(sound):
    sound.TEMPLATES = [engine(), engine()]
    assert ids() == []


def test_a_site_without_templates_has_no_message(sound):
    sound.TEMPLATES = []
    assert ids() == []


# -- Variants -------------------------------------------------------------------------------


def test_sound_variants_have_no_message(sound):
    serve(sound, proctor_variant("buttoncolortst", blue=f"{HERE}.other")(view))
    assert ids() == []


def test_variants_of_an_undeclared_test_are_an_error_with_the_nearest(sound):
    serve(sound, proctor_variant("buttoncolrtst", blue=other)(view))
    assert only("proctor.E010").hint.startswith("Did you mean 'buttoncolortst'?")


def test_a_variant_of_an_undeclared_group_is_an_error_with_the_nearest(sound):
    serve(sound, proctor_variant("buttoncolortst", bleu=other)(view))
    assert only("proctor.E010").hint.startswith("Did you mean 'blue'?")


def test_one_error_in_the_declarations_is_no_error_of_each_view(sound):
    serve(sound, proctor_variant("buttoncolortst", blue=other)(view))
    sound.PROCTOR_TESTS = (*sound.PROCTOR_TESTS, ProctorTest("brokentst", default="x", groups="x"))
    assert "proctor.E010" not in ids()
    assert ids() != []


def test_any_group_may_have_a_variant_where_none_are_declared(sound):
    serve(sound, proctor_variant("anygrouptst", whatever=other)(view))
    assert ids() == []


@pytest.mark.parametrize("dotted", ["nowhere.view", f"{HERE}.absent", f"{HERE}.OURS", "view"])
def test_a_path_that_leads_to_no_view_is_an_error(sound, dotted):
    serve(sound, proctor_variant("buttoncolortst", blue=dotted)(view))
    assert repr(dotted) in only("proctor.E011").msg


def test_a_view_at_two_urls_is_reported_once(sound):
    decorated = proctor_variant("buttoncolortst", bleu=other)(view)
    serve(sound, decorated, decorated)
    assert ids() == ["proctor.E010"]


def wraps_without_telling(wrapped):
    def answer(request):
        return wrapped(request) or never(request)

    if wrapped is None:
        # So that the closure has a cell with nothing in it.
        never = wrapped

    return answer


class Decorated(View):
    @method_decorator(proctor_variant("buttoncolortst", bleu=other))
    def get(self, request):
        return HttpResponse("view")


@method_decorator(proctor_variant("buttoncolortst", bleu=other), name="dispatch")
class DispatchDecorated(View):
    pass


class ClassView(View):
    pass


class Callable:
    @method_decorator(proctor_variant("buttoncolortst", bleu=other))
    def __call__(self, request):
        return HttpResponse("view")

    def method(self, request):
        return HttpResponse("view")


async def awaited(request):
    return HttpResponse("view")


wrong = proctor_variant("buttoncolortst", bleu=other)


@pytest.mark.parametrize(
    "reached",
    [
        wrong(view),
        wrong(awaited),
        wrong(View),
        login_required(wrong(view)),
        functools.partial(wrong(view)),
        wraps_without_telling(wrong(view)),
        Decorated.as_view(),
        DispatchDecorated.as_view(),
        login_required(Decorated.as_view()),
        Callable(),
        wrong(Callable().method),
        proctor_variant("anygrouptst", a=wrong(other))(view),
        proctor_variant("anygrouptst", a=other)(wrong(view)),
    ],
    ids=str,
)
def test_variants_are_found_wherever_they_are(sound, reached):
    serve(sound, reached)
    assert ids() == ["proctor.E010"]


@pytest.mark.parametrize(
    ("decorated", "name"),
    [
        (lambda: wrong(ClassView), "ClassView"),
        (Decorated.as_view, "Decorated"),
        (DispatchDecorated.as_view, "DispatchDecorated"),
        (lambda: wrong(awaited), "awaited"),
    ],
    ids=["class", "method", "dispatch", "function"],
)
def test_the_error_names_the_class_and_its_url(sound, decorated, name):
    inner = [path("<int:pk>/buy/", decorated())]
    sound.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("shop/", include(inner))]})
    assert only("proctor.E010").msg.startswith(
        f"The view {HERE}.{name} (at /shop/<int:pk>/buy/) has a variant for the group 'bleu'"
    )


def test_variants_are_found_in_an_included_urlconf(sound):
    inner = [path("inner/", include([path("", wrong(view))]))]
    sound.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("a/", include((inner, "app")))]})
    assert ids() == ["proctor.E010"]


def test_a_urlconf_that_cannot_be_read_is_djangos_matter(sound):
    sound.ROOT_URLCONF = "nowhere.urls"
    assert ids() == []


def test_a_site_without_a_urlconf_has_no_message(sound):
    sound.ROOT_URLCONF = None
    assert ids() == []


def test_a_urlconf_that_includes_itself_is_walked_once(sound):
    patterns = [path("", wrong(view))]
    patterns.append(path("again/", include((patterns, "app"))))
    sound.ROOT_URLCONF = type("urls", (), {"urlpatterns": patterns})
    assert ids() == ["proctor.E010"]


def test_an_object_that_invents_attributes_does_not_stop_the_check(sound):
    class Inventive:
        def __call__(self, request):
            return HttpResponse()

        def __getattr__(self, name):
            return Inventive()

    serve(sound, Inventive())
    assert ids() == []


class GuardedView(View):
    """A view like one with Django's LoginRequiredMixin, which needs apps that are not installed."""

    login_url = None
    redirect_field_name = "next"


@pytest.mark.parametrize(
    ("decorated", "variant", "words"),
    [
        (view, csrf_exempt(other), "is csrf_exempt, but the view is not"),
        (csrf_exempt(view), other, "is not csrf_exempt, but the view is"),
        (view, non_atomic_requests(fresh()), "different non_atomic_requests"),
        (non_atomic_requests(fresh()), other, "different non_atomic_requests"),
        (view, login_not_required(fresh()), "is decorated with @login_not_required"),
        (login_not_required(fresh()), other, "is not decorated with @login_not_required"),
        (login_required(view), other, "does not require a login"),
        (GuardedView, other, "does not require a login"),
    ],
)
def test_a_variant_with_other_attributes_than_the_view_is_a_warning(
    sound, decorated, variant, words
):
    serve(sound, proctor_variant("buttoncolortst", blue=variant)(decorated))
    assert words in only("proctor.W010").msg


@pytest.mark.parametrize(
    "decorated",
    [
        proctor_variant("buttoncolortst", blue=csrf_exempt(other))(csrf_exempt(view)),
        proctor_variant("buttoncolortst", blue=login_required(other))(login_required(view)),
        proctor_variant("buttoncolortst", blue=GuardedView)(login_required(view)),
        csrf_exempt(proctor_variant("buttoncolortst", blue=other)(view)),
        csrf_exempt(proctor_variant("buttoncolortst", blue=csrf_exempt(other))(view)),
        login_required(proctor_variant("buttoncolortst", blue=other)(view)),
        proctor_variant("buttoncolortst", blue=login_required(other))(view),
    ],
)
def test_variants_that_were_decorated_alike_or_together_are_fine(sound, decorated):
    serve(sound, decorated)
    assert ids() == []


# -- A matrix in a local file ---------------------------------------------------------------


def local_matrix(sound, tmp_path, **tests):
    sound.PROCTOR_MATRIX = write_matrix(tmp_path, **tests)
    sound.PROCTOR_TESTS = ("signuptst",)


def test_a_declared_test_that_a_local_matrix_drops_is_a_warning(sound, tmp_path):
    local_matrix(sound, tmp_path, signuptst=definition(one_bucket("a", 0), rule="${x ==}"))
    (message,) = found()
    assert message.id == "proctor.W022"
    assert "signuptst" in message.msg
    assert "column 7" in message.msg


def test_a_declared_test_that_a_local_matrix_does_not_have_is_a_warning(sound, tmp_path):
    local_matrix(sound, tmp_path, othertst=definition(one_bucket("a", 0)))
    assert ids() == ["proctor.W023"]


def test_a_local_file_that_is_no_matrix_is_a_warning(sound, tmp_path):
    local_matrix(sound, tmp_path, signuptst=definition(one_bucket("a", 0)))
    sound.PROCTOR_MATRIX.write_text('{"tests": {},}')
    (message,) = found()
    assert message.id == "proctor.W021"
    assert "trailing comma at line 1" in message.msg


def test_a_large_file_is_left_to_proctor_check(sound, tmp_path):
    local_matrix(sound, tmp_path, othertst=definition(one_bucket("a", 0)))
    sound.PROCTOR_MATRIX.write_text(sound.PROCTOR_MATRIX.read_text() + " " * 2 * 1024 * 1024)
    assert ids() == []


def test_a_pipe_is_not_read(sound, tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    sound.PROCTOR_MATRIX = tmp_path / "pipe.json"
    assert ids() == ["proctor.W003"]


def test_a_variable_whose_parser_is_not_installed_is_a_warning(sound, monkeypatch):
    monkeypatch.setattr("proctor.core.inputs.user_agents.user_agent_parser", lambda: None)
    sound.PROCTOR_CONTEXT = {"country": "String", "ua": {"name": "agent", "type": "UserAgent"}}
    message = only("proctor.W020")
    assert "'agent'" in message.msg
    assert "django-proctor[useragent]" in message.hint


# -- Truth and equality ---------------------------------------------------------------------


def test_a_default_without_a_value_that_is_not_the_first_group_is_a_warning(sound):
    sound.PROCTOR_TESTS = (ProctorTest("buttoncolortst", ("control", "blue"), "blue"),)
    assert "The default 'blue' of the test 'buttoncolortst'" in only("proctor.W025").msg


@pytest.mark.parametrize(
    ("groups", "default"),
    [(("control", "blue"), "control"), ({"control": 0, "blue": 1}, "blue"), (None, "blue")],
)
def test_a_default_whose_truth_is_known_is_fine(sound, groups, default):
    sound.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups, default),)
    assert ids() == []


def with_page(sound, tmp_path, text):
    (tmp_path / "page.html").write_text(text)
    sound.TEMPLATES = [
        {**engine("proctor.context_processors.proc"), "DIRS": [str(tmp_path)]},
    ]


@pytest.mark.parametrize(
    "condition",
    [
        'proc.buttoncolortst == "blue"',
        "request.proc.buttoncolortst != 'blue'",
        '"blue" == proc.buttoncolortst',
        'user and proc.buttoncolortst == "blue"',
    ],
)
def test_a_comparison_of_an_assignment_with_a_text_is_a_warning(sound, tmp_path, condition):
    with_page(sound, tmp_path, f"<p>\n{{% if {condition} %}}x{{% endif %}}")
    message = only("proctor.W026")
    assert message.msg.startswith("page.html:2: ")
    assert "proc.buttoncolortst.group" in message.hint


@pytest.mark.parametrize(
    "condition",
    ['proc.buttoncolortst.group == "blue"', "proc.buttoncolortst", 'proc.othertst == "blue"'],
)
def test_other_conditions_are_fine(sound, tmp_path, condition):
    with_page(sound, tmp_path, f"{{% if {condition} %}}x{{% endif %}}")
    assert ids() == []
