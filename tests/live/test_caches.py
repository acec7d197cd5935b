"""Answers of a Pipet in real caches, with one process and with two that share one."""

from __future__ import annotations

import itertools
import json
import logging
import threading
import time

import pytest
from django.core.cache import caches
from django.test import Client

from proctor.configuration import current_configuration
from tests.live import pipet as live
from tests.live.conftest import LOCMEM, shared_cache
from tests.live.worker import working

SHARED = ["redis", "memcached"]


def visit(user="somebody", **headers):
    return Client().get("/", headers={"x-user": user, **headers}).content.decode()


@pytest.fixture(params=["locmem", *SHARED])
def cached(site, request):
    """A site that caches, in each of the caches."""
    if request.param == "locmem":
        entry = {**LOCMEM, "LOCATION": f"caches-{time.monotonic_ns()}"}
    else:
        entry = shared_cache(request.param, request)
    # Each test has its keys for itself.
    site.CACHES = {"default": {**entry, "KEY_PREFIX": str(time.monotonic_ns())}}
    site.PROCTOR_CACHE_METHOD = "cache"
    return site


@pytest.fixture
def locmem(site):
    site.CACHES = {"default": {**LOCMEM, "LOCATION": f"caches-{time.monotonic_ns()}"}}
    site.PROCTOR_CACHE_METHOD = "cache"
    return site


# -- one process ------------------------------------------------------------------------------


def test_a_visitor_who_comes_again_costs_no_call(cached, pipet):
    assert [visit(), visit(), visit()] == ["blue assigned"] * 3
    assert len(pipet.calls) == 1


def test_another_visitor_costs_one(cached, pipet):
    visit("one")
    visit("another")
    assert len(pipet.calls) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"x-country": "DE"},
        {"x-prforcegroups": "buttoncolortst2"},
    ],
    ids=["context", "force groups"],
)
def test_what_decides_the_answer_is_in_the_key(cached, pipet, change):
    visit()
    visit(**change)
    assert len(pipet.calls) == 2


def test_identifiers_are_told_apart_with_their_keys(locmem, pipet):
    from proctor.identify import identify

    for identifiers in ({"USER": "ab"}, {"USER": "a", "b": ""}, {"acctid": "ab"}, {"USER": "a b"}):
        identify(identifiers).peek("buttoncolortst")
    assert len(pipet.calls) == 4


def test_other_declared_tests_are_another_question(locmem, pipet):
    visit()
    locmem.PROCTOR_TESTS = ("buttoncolortst",)
    assert visit() == "blue assigned"
    assert len(pipet.calls) == 2


def test_another_pipet_is_another_question(locmem, pipet):
    visit()
    with live.serving() as other:
        other.publish("1", 1000, buttoncolortst=("green", 2))
        locmem.PROCTOR_API_ROOT = other.root
        assert visit() == "green assigned"


def test_payloads_and_forced_groups_come_back_as_they_were(cached, pipet):
    from proctor.core.forcing import ForceGroups
    from proctor.core.sources import GroupsRequest

    payloads = [
        {"stringValue": "é\ud83d\ude00"},
        {"longValue": -(2**63)},
        {"doubleValue": 1.0},
        {"stringArray": ["a", None]},
        {"longArray": [1, 2]},
        {"doubleArray": [0.1, -2.0]},
        {"map": {"a": [1, 2.0, "x", None]}},
        {"json": [{"a": {}}]},
        {"json": None},
        {},
        None,
    ]
    names = [f"payload{number}tst" for number in range(len(payloads))]
    pipet.publish("1", 1000, **dict.fromkeys(names, ("blue", 1)))
    for name, payload in zip(names, payloads, strict=True):
        pipet.groups[name]["payload"] = payload
    cached.PROCTOR_TESTS = tuple(names)
    configuration = current_configuration()
    asked = GroupsRequest(
        identifiers={"USER": "a"},
        force_groups=ForceGroups.parse("payload3tst1"),
        tests=tuple(names),
    )
    cache, source = configuration.cache, configuration.source
    answered = source.determine_groups(asked)
    cache.keep(cache.recall(asked, None), answered)
    kept = cache.recall(asked, None).groups
    assert kept.to_dict() == answered.to_dict()
    assert kept["payload3tst"].forced


def test_a_new_matrix_is_seen_when_any_visitor_brings_it(cached, pipet):
    assert visit() == "blue assigned"
    pipet.publish("2", 2000, buttoncolortst=("green", 2))
    assert visit() == "blue assigned"
    assert visit("another") == "green assigned"
    assert visit() == "green assigned"


def test_a_matrix_that_is_older_serves_its_visitor_and_is_not_kept(cached, pipet):
    pipet.publish("2", 2000, buttoncolortst=("green", 2))
    assert visit() == "green assigned"
    pipet.publish("1", 1000, buttoncolortst=("blue", 1))
    assert visit("another") == "blue assigned"
    pipet.publish("2", 2000, buttoncolortst=("green", 2))
    assert visit("another") == "green assigned"
    assert visit() == "green assigned"
    assert len(pipet.calls) == 3


def test_while_another_process_decides_on_the_version_nobody_else_does(cached, pipet):
    visit()
    kept = current_configuration().cache
    caches["default"].set(kept._lock_key, 1, 60)
    pipet.publish("2", 2000, buttoncolortst=("green", 2))
    assert visit("another") == "green assigned"
    assert visit() == "blue assigned"
    caches["default"].delete(kept._lock_key)
    assert visit("another") == "green assigned"
    assert visit() == "green assigned"


def test_a_matrix_of_the_same_time_and_another_version_is_not_kept(locmem, pipet):
    visit()
    pipet.publish("other", 1000, buttoncolortst=("green", 2))
    visit("another")
    visit("another")
    assert len(pipet.calls) == 3


def test_when_its_time_is_over_the_version_is_asked_for_and_a_rollback_taken(cached, pipet):
    pipet.publish("2", 2000, buttoncolortst=("green", 2))
    assert visit() == "green assigned"
    pipet.publish("1", 1000, buttoncolortst=("blue", 1))
    assert visit() == "green assigned"
    live.caches_forget_version()
    assert visit() == "blue assigned"
    assert visit() == "blue assigned"
    assert len(pipet.calls) == 2


def test_the_same_version_when_asked_for_again_is_good_for_its_time_again(cached, pipet):
    visit()
    live.caches_forget_version()
    assert visit() == "blue assigned"
    # Whoever may have been asking for it has long ended.
    caches["default"].delete(current_configuration().cache._refresh_key)
    assert visit() == "blue assigned"
    assert len(pipet.calls) == 2


def test_the_time_of_the_version_is_a_setting(cached, pipet):
    cached.PROCTOR_CACHE_VERSION_TIMEOUT = 0
    visit()
    visit()
    assert len(pipet.calls) == 2


def test_a_version_from_a_machine_with_another_time_of_day_is_asked_for(locmem, pipet):
    visit()
    key = current_configuration().cache._version_key
    caches["default"].set(key, ("1", 1000, time.time() + 10_000), None)
    visit()
    assert len(pipet.calls) == 2


def test_another_secret_is_another_key(locmem, pipet):
    visit()
    locmem.SECRET_KEY = "another"
    # Whatever the configuration is made of has to be another too, for it to be made anew.
    locmem.PROCTOR_CACHE_TIMEOUT = 1000
    visit()
    assert len(pipet.calls) == 2


def test_without_a_time_the_version_is_never_asked_for(locmem, pipet):
    locmem.PROCTOR_CACHE_VERSION_TIMEOUT = None
    visit()
    visit()
    assert len(pipet.calls) == 1


def test_one_asks_for_the_version_and_the_others_go_on_meanwhile(cached, pipet):
    visit("one")
    visit("another")
    live.caches_forget_version()
    answering, answer = threading.Event(), threading.Event()
    reply = pipet.reply

    def slow_reply(call):
        answering.set()
        answer.wait(10)
        return reply(call)

    pipet.reply = slow_reply
    asker = threading.Thread(target=visit, args=("one",))
    asker.start()
    assert answering.wait(10)
    assert visit("another") == "blue assigned"
    assert len(pipet.calls) == 3
    answer.set()
    asker.join()


def test_an_answer_lives_as_long_as_the_setting_says(cached, pipet):
    cached.PROCTOR_CACHE_TIMEOUT = 1
    visit()
    time.sleep(2.1)
    visit()
    assert len(pipet.calls) == 2


def test_defaults_are_never_kept(cached, pipet):
    pipet.fault = live.hang_up
    assert visit() == "control source_failed"
    pipet.fault = None
    time.sleep(1.05)
    assert visit() == "blue assigned"


def test_an_answer_without_a_version_is_not_kept(cached, pipet):
    body = b'{"data": {"groups": {}, "audit": null}, "meta": {"status": 200}}'
    pipet.fault = live.says(live.response(body))
    visit()
    visit()
    assert len(pipet.calls) == 2


def test_nobody_can_read_in_the_cache_who_was_there(locmem, pipet):
    visit("somebody@example.com", **{"x-country": "DE"})
    stored = str(vars(caches["default"])["_cache"])
    assert "somebody" not in stored
    assert "5083" not in stored
    assert all(len(key) < 200 and key.isascii() for key in vars(caches["default"])["_cache"])


@pytest.mark.parametrize(
    "poison", [None, 5, "text", [], {}, {"version": [1], "groups": {}}, {"groups": {"t": [1]}}]
)
def test_what_somebody_else_put_there_is_no_answer(locmem, pipet, poison):
    visit()
    cache = caches["default"]
    for key in list(cache._cache):
        name = key.rpartition(":")[2] if key.endswith("version") else key
        cache.set(key.split(":", 2)[2], poison)
        assert name
    assert visit() == "blue assigned"
    assert visit() == "blue assigned"


def test_a_cache_that_is_down_is_a_miss_and_is_told_once(locmem, pipet, caplog):
    nobody = f"redis://127.0.0.1:{live.free_port()}"
    pytest.importorskip("redis")
    locmem.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": nobody}
    }
    assert [visit() for _ in range(5)] == ["blue assigned"] * 5
    assert len(pipet.calls) == 5
    records = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert len(records) == 1
    assert records[0].getMessage().startswith("The cache 'default' failed")


def test_a_cache_that_does_not_exist_is_a_miss(locmem, pipet):
    locmem.PROCTOR_CACHE_NAME = "nowhere"
    assert visit() == "blue assigned"


def test_a_cache_of_another_name_may_be_used(locmem, pipet):
    locmem.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
        "groups": {**LOCMEM, "LOCATION": "groups"},
    }
    locmem.PROCTOR_CACHE_NAME = "groups"
    visit()
    visit()
    assert len(pipet.calls) == 1


def test_with_the_matrix_in_the_process_nothing_is_cached(locmem, tmp_path):
    from tests.web.matrices import definition, one_bucket, write_matrix

    locmem.PROCTOR_API_ROOT = None
    locmem.PROCTOR_MATRIX = write_matrix(tmp_path, buttoncolortst=definition(one_bucket("blue", 1)))
    assert visit() == "blue assigned"
    assert vars(caches["default"])["_cache"] == {}


# -- sessions ---------------------------------------------------------------------------------


@pytest.fixture
def in_session(site):
    site.CACHES = {"default": {**LOCMEM, "LOCATION": f"sessions-{time.monotonic_ns()}"}}
    site.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    site.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "tests.live.pages.ByHeader",
    ]
    site.PROCTOR_CACHE_METHOD = "session"
    return site


def get(client, **headers):
    return client.get("/", headers={"x-user": "somebody", **headers}).content.decode()


def test_the_session_keeps_the_answer(in_session, pipet):
    client = Client()
    assert [get(client), get(client)] == ["blue assigned"] * 2
    assert len(pipet.calls) == 1


def test_what_a_session_keeps_is_json(in_session, pipet):
    client = Client()
    get(client)
    kept = client.session["_proctor"]
    assert json.loads(json.dumps(kept)) == kept
    assert "somebody" not in json.dumps(kept)


def test_another_session_has_nothing(in_session, pipet):
    get(Client())
    get(Client())
    assert len(pipet.calls) == 2


def test_who_signs_in_or_changes_his_country_is_asked_for_again(in_session, pipet):
    client = Client()
    get(client)
    get(client, **{"x-country": "DE"})
    assert len(pipet.calls) == 2


def test_a_session_is_of_no_use_for_a_new_matrix(in_session, pipet):
    client = Client()
    get(client)
    pipet.publish("2", 2000, buttoncolortst=("green", 2))
    assert get(client) == "blue assigned"
    assert get(Client()) == "green assigned"
    assert get(client) == "green assigned"


def test_an_answer_in_a_session_lives_as_long_as_the_setting_says(in_session, pipet):
    in_session.PROCTOR_CACHE_TIMEOUT = 0
    client = Client()
    get(client)
    get(client)
    assert len(pipet.calls) == 2


def test_in_an_outage_a_session_gives_what_it_has(in_session, pipet):
    client = Client()
    get(client)
    live.caches_forget_version()
    pipet.fault = live.hang_up
    assert get(client) == "blue stale"


def test_without_sessions_there_is_no_cache_and_no_error(in_session, pipet):
    in_session.MIDDLEWARE = ["tests.live.pages.ByHeader"]
    assert [visit(), visit()] == ["blue assigned"] * 2
    assert len(pipet.calls) == 2


@pytest.mark.parametrize("poison", [5, "x", {}, {"key": 1}, {"key": None, "until": "x"}])
def test_a_session_with_something_else_in_it_is_a_miss(in_session, pipet, poison):
    client = Client()
    get(client)
    session = client.session
    session["_proctor"] = poison
    session.save()
    assert get(client) == "blue assigned"


# -- two processes ----------------------------------------------------------------------------


@pytest.fixture(params=SHARED)
def two(request, pipet):
    """Two processes of a site, with one cache."""
    settings = {
        "PROCTOR_API_ROOT": pipet.root,
        "PROCTOR_CACHE_METHOD": "cache",
        "CACHES": {
            "default": {
                **shared_cache(request.param, request),
                "KEY_PREFIX": str(time.monotonic_ns()),
            }
        },
    }
    with working(**settings) as first, working(**settings) as second:
        yield first, second


def test_what_one_process_was_told_the_other_knows(two, pipet):
    first, second = two
    assert [first.visit(), second.visit(), first.visit()] == ["blue assigned"] * 3
    assert len(pipet.calls) == 1


def test_processes_agree_while_the_matrix_changes_back_and_forth(two, pipet):
    first, second = two
    names = {1: ("blue", 1), 2: ("green", 2)}
    expected = "blue assigned"
    first.visit()
    for number in range(2, 12):
        # The newer one each time, as when a change is published, withdrawn, and published.
        pipet.publish(str(number), 1000 * number, buttoncolortst=names[1 + number % 2])
        before, expected = expected, f"{names[1 + number % 2][0]} assigned"
        assert second.visit() == first.visit() == before
        # Some new visitor of one process brings the news, and from then on both have it.
        bringer, other = (first, second) if number % 3 else (second, first)
        assert bringer.visit(f"new{number}") == expected
        assert [other.visit(), bringer.visit(), other.visit()] == [expected] * 3


def test_a_process_that_was_told_of_an_older_matrix_does_not_take_the_newer_one_away(two, pipet):
    first, second = two
    pipet.publish("1", 1000, buttoncolortst=("blue", 1))
    assert first.visit() == "blue assigned"
    answering, answer = threading.Event(), threading.Event()
    reply = pipet.reply

    def late_reply(call):
        """What the Pipet knew when it was asked, some time later."""
        body = reply(call)
        if call.query["id.USER"] == ["late"]:
            answering.set()
            answer.wait(10)
        return body

    pipet.reply = late_reply
    first.start_visit("late")
    assert answering.wait(10)
    pipet.publish("2", 2000, buttoncolortst=("green", 2))
    assert second.visit("new") == "green assigned"
    answer.set()
    assert first.page()["shown"] == "blue assigned"
    # What was stored late is of no use to anybody.
    assert [second.visit("late"), first.visit("late"), first.visit()] == ["green assigned"] * 3


def test_who_refreshes_the_version_does_not_take_a_newer_one_away(request, pipet):
    settings = {
        "PROCTOR_API_ROOT": pipet.root,
        "PROCTOR_CACHE_METHOD": "cache",
        "PROCTOR_CACHE_VERSION_TIMEOUT": 1,
        "CACHES": {
            "default": {**shared_cache("redis", request), "KEY_PREFIX": str(time.monotonic_ns())}
        },
    }
    answering, answer = threading.Event(), threading.Event()
    reply = pipet.reply
    with working(**settings) as first, working(**settings) as second:
        assert first.visit() == "blue assigned"
        time.sleep(1.1)

        def late_reply(call):
            body = reply(call)
            if not answering.is_set():
                answering.set()
                answer.wait(10)
            return body

        pipet.reply = late_reply
        first.start_visit("somebody")  # asks for the version, and is told of the old one
        assert answering.wait(10)
        pipet.publish("2", 2000, buttoncolortst=("green", 2))
        assert second.visit("new") == "green assigned"
        answer.set()
        assert first.page()["shown"] == "blue assigned"
        assert [second.visit(), first.visit()] == ["green assigned"] * 2


def test_a_rollback_is_seen_by_both_once_the_version_is_asked_for(request, pipet):
    settings = {
        "PROCTOR_API_ROOT": pipet.root,
        "PROCTOR_CACHE_METHOD": "cache",
        "PROCTOR_CACHE_VERSION_TIMEOUT": 1,
        "CACHES": {
            "default": {**shared_cache("redis", request), "KEY_PREFIX": str(time.monotonic_ns())}
        },
    }
    with working(**settings) as first, working(**settings) as second:
        pipet.publish("2", 2000, buttoncolortst=("green", 2))
        assert [first.visit(), second.visit()] == ["green assigned"] * 2
        pipet.publish("1", 1000, buttoncolortst=("blue", 1))
        time.sleep(1.1)
        assert first.visit() == "blue assigned"
        assert [second.visit(), first.visit()] == ["blue assigned"] * 2


@pytest.mark.parametrize("name", SHARED)
def test_under_load_no_page_is_of_an_older_matrix_than_the_stored_one(name, request, pipet, site):
    """Visitors come to two processes at once, while the matrix changes all the time."""
    site.SECRET_KEY = "the same in all processes of a site"
    site.PROCTOR_TESTS = ("buttoncolortst",)
    site.PROCTOR_CACHE_METHOD = "cache"
    site.CACHES = {
        "default": {**shared_cache(name, request), "KEY_PREFIX": str(time.monotonic_ns())}
    }
    settings = {
        name: getattr(site, name)
        for name in ("PROCTOR_API_ROOT", "PROCTOR_CACHE_METHOD", "CACHES", "PROCTOR_TESTS")
    }
    over = threading.Event()
    #: When a request began, and the number of the matrix that its page was of.
    pages: list[tuple[float, int]] = []

    def come(worker, name):
        for number in itertools.count():
            for user in ("regular", f"{name}{number}"):
                began = time.monotonic()
                pages.append((began, number_of(worker.visit(user))))
            if over.is_set():
                return

    def number_of(page):
        return int(page.split()[0].removeprefix("group"))

    stored = []
    pipet.publish("1", 1000, buttoncolortst=("group1", 1))
    with working(**settings) as first, working(**settings) as second:
        threads = [
            threading.Thread(target=come, args=(first, "first")),
            threading.Thread(target=come, args=(second, "second")),
        ]
        for thread in threads:
            thread.start()
        key = current_configuration().cache._version_key
        live.wait_until(lambda: len(pages) > 4, 30)
        for number in range(2, 60):
            pipet.publish(str(number), 1000 * number, buttoncolortst=(f"group{number}", number))
            time.sleep(0.02)
            found = caches["default"].get(key)
            if found:
                stored.append((time.monotonic(), int(found[0])))
        over.set()
        for thread in threads:
            thread.join()
    assert stored[-1][1] > 20
    late = [
        (began, number, of)
        for began, number in pages
        for seen, of in stored
        if seen < began and number < of
    ]
    assert late == []


def test_sessions_agree_too_where_the_version_is_in_a_shared_cache(request, pipet, tmp_path):
    settings = {
        "PROCTOR_API_ROOT": pipet.root,
        "PROCTOR_CACHE_METHOD": "session",
        "SESSION_ENGINE": "django.contrib.sessions.backends.file",
        "SESSION_FILE_PATH": str(tmp_path),
        "CACHES": {
            "default": {**shared_cache("redis", request), "KEY_PREFIX": str(time.monotonic_ns())}
        },
    }
    with working(**settings) as first, working(**settings) as second:
        first.start_visit("somebody")
        session = first.page()["session"]
        assert second.visit(session=session) == "blue assigned"
        assert len(pipet.calls) == 1
        pipet.publish("2", 2000, buttoncolortst=("green", 2))
        assert first.visit("another") == "green assigned"
        assert second.visit(session=session) == "green assigned"
