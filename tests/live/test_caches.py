"""Answers of a Pipet in real caches, with one process and with two that share one."""

from __future__ import annotations

import itertools
import json
import logging
import threading
import time

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends import signed_cookies
from django.core.cache import caches
from django.db import OperationalError
from django.db.transaction import TransactionManagementError
from django.test import AsyncClient, Client

from proctor.resolving.site_setup import current_setup
from tests.live import pipet as live
from tests.live.conftest import LOCMEM, shared_cache
from tests.live.notedcache import NotedCache
from tests.live.worker import SECRET_KEY, working

SHARED = ["redis", "memcached"]

#: Seconds to wait for expected events, even on a busy machine.
AMPLE = 30


def visit(user="someone", **headers):
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


@pytest.fixture
def written(locmem, monkeypatch):
    """The entries that a caching site has written to the cache."""
    backend = f"{NotedCache.__module__}.{NotedCache.__qualname__}"
    locmem.CACHES = {"default": {**locmem.CACHES["default"], "BACKEND": backend}}
    written = []
    monkeypatch.setattr(NotedCache, "written", written)
    return written


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
    from proctor.core.inputs.force_groups import ForceGroups
    from proctor.core.sources.source import GroupsRequest

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
    configuration = current_setup()
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
    kept = current_setup().cache
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
    caches["default"].delete(current_setup().cache._refresh_key)
    assert visit() == "blue assigned"
    assert len(pipet.calls) == 2


def test_the_time_of_the_version_is_a_setting(cached, pipet, clock):
    cached.PROCTOR_CACHE_VERSION_TIMEOUT = 60
    visit()
    clock.now += 59
    visit()
    assert len(pipet.calls) == 1
    clock.now += 1
    visit()
    assert len(pipet.calls) == 2


def test_a_version_from_a_machine_with_another_time_of_day_is_asked_for(locmem, pipet, clock):
    visit()
    key = current_setup().cache._version_key
    caches["default"].set(key, ("1", 1000, clock.now + 10_000), None)
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
        answer.wait(AMPLE)
        return reply(call)

    pipet.reply = slow_reply
    asker = threading.Thread(target=visit, args=("one",))
    asker.start()
    assert answering.wait(AMPLE)
    assert visit("another") == "blue assigned"
    assert len(pipet.calls) == 3
    answer.set()
    asker.join()


@pytest.mark.parametrize("status", [400, 500])
def test_a_visitor_who_is_not_answered_keeps_nobody_from_the_new_version(cached, pipet, status):
    assert visit("one") == "blue assigned"
    pipet.publish("2", 2000, buttoncolortst=("green", 2))
    live.caches_forget_version()
    pipet.fault = live.says(live.response(b"", status))
    visit("poison")
    pipet.fault = None
    assert visit("one") == "green assigned"


def test_an_answer_lives_as_long_as_the_setting_says(locmem, written):
    locmem.PROCTOR_CACHE_TIMEOUT = 3600
    visit()
    answers = [each for each in written if "groups" in each.value]
    assert [each.timeout for each in answers] == [3600]


def test_an_answer_that_may_not_live_is_asked_for_again(cached, pipet):
    cached.PROCTOR_CACHE_TIMEOUT = 0
    visit()
    visit()
    assert len(pipet.calls) == 2


def test_defaults_are_never_kept(cached, pipet, clock):
    pipet.fault = live.hang_up
    assert visit() == "control source_failed"
    pipet.fault = None
    clock.now += 1.0
    assert visit() == "blue assigned"


def test_an_answer_without_a_version_is_not_kept(cached, pipet):
    body = b'{"data": {"groups": {}, "audit": null}, "meta": {"status": 200}}'
    pipet.fault = live.says(live.response(body))
    visit()
    visit()
    assert len(pipet.calls) == 2


def test_nobody_can_read_in_the_cache_who_was_there(written):
    visit("someone@example.com", **{"x-country": "DE"})
    assert len(written) == 2
    assert "someone" not in str(written)
    assert all(len(each.key) < 200 and each.key.isascii() for each in written)


@pytest.mark.parametrize(
    "poison", [None, 5, "text", [], {}, {"version": [1], "groups": {}}, {"groups": {"t": [1]}}]
)
def test_what_somebody_else_put_there_is_no_answer(written, poison):
    visit()
    keys = [each.key for each in written]
    assert len(keys) == 2
    caches["default"].set_many(dict.fromkeys(keys, poison))
    assert visit() == "blue assigned"
    assert visit() == "blue assigned"


@pytest.mark.parametrize(
    "poison",
    [
        ("1", 1, "soon"),
        ("1", 1, 10**400),
        ("1", 1, [1]),
        ("1", "1", None),
        ("1", 10**400, None),
        (1, 1000, None),
        (["1"], 1000, None),
        ("1", True, None),
        "abc",
        10**400,
        {"a": 1, "b": 2, "c": 3},
        b"abc",
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_malformed_version_is_no_version(locmem, pipet, poison):
    visit()
    kept = current_setup().cache
    caches["default"].set(kept._version_key, poison)
    assert [visit() for _ in range(3)] == ["blue assigned"] * 3
    assert len(pipet.calls) == 2
    assert caches["default"].get(kept._version_key)[:2] == ("1", 1000)


@pytest.mark.parametrize(
    "groups",
    [
        ['["buttoncolortst", null, 1, "1", null, null, false]'],
        ['["buttoncolortst", "green", null, "1", null, null, false]'],
        ['["buttoncolortst", "green", "2", "1", null, null, false]'],
        ['["buttoncolortst", null]'],
        "abc",
    ],
)
def test_a_malformed_entry_of_a_visitor_is_no_answer(locmem, pipet, groups):
    visit()
    cache = caches["default"]
    kept = current_setup().cache
    version_key = cache.make_key(kept._version_key)
    (key,) = [each for each in cache._cache if each != version_key and "lock" not in each]
    name = key.split(":", 2)[2]
    cache.set(name, {**cache.get(name), "groups": groups})
    assert [visit(), visit()] == ["blue assigned"] * 2
    assert len(pipet.calls) == 2
    # It is no last known answer either.
    cache.set(name, {**cache.get(name), "groups": groups})
    live.caches_forget_version()
    pipet.fault = live.hang_up
    assert visit() == "control source_failed"


@pytest.mark.parametrize("what", ["version", "entry"])
def test_what_cannot_be_unpickled_is_a_miss_for_its_own_visitor(locmem, pipet, what, caplog):
    assert [visit("one"), visit("another")] == ["blue assigned"] * 2
    cache = caches["default"]
    version_key = cache.make_key(current_setup().cache._version_key)
    keys = [each for each in cache._cache if each != version_key]
    cache._cache[version_key if what == "version" else keys[0]] = b"\x80no pickle"
    assert [visit("one"), visit("another")] * 2 == ["blue assigned"] * 4
    before = len(pipet.calls)
    assert [visit("one"), visit("another")] == ["blue assigned"] * 2
    assert len(pipet.calls) == before
    (record,) = [each for each in caplog.records if each.name == "proctor.cache"]
    assert record.getMessage().startswith("A cache entry cannot be read")


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


def test_with_the_matrix_in_the_process_nothing_is_cached(locmem, written, tmp_path):
    from tests.site_matrices import definition, one_bucket, write_matrix

    locmem.PROCTOR_API_ROOT = None
    locmem.PROCTOR_MATRIX = write_matrix(tmp_path, buttoncolortst=definition(one_bucket("blue", 1)))
    assert visit() == "blue assigned"
    assert written == []


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
    return client.get("/", headers={"x-user": "someone", **headers}).content.decode()


def test_the_session_keeps_the_answer(in_session, pipet):
    client = Client()
    assert [get(client), get(client)] == ["blue assigned"] * 2
    assert len(pipet.calls) == 1


def test_what_a_session_keeps_is_json(in_session, pipet):
    client = Client()
    get(client)
    kept = client.session["_proctor"]
    assert json.loads(json.dumps(kept)) == kept
    assert "someone" not in json.dumps(kept)


def with_session():
    client = Client()
    session = client.session
    session["since"] = "monday"
    session.save()
    client.cookies["sessionid"] = session.session_key
    return client


@pytest.mark.parametrize("page", ["meanwhile", "ameanwhile"])
def test_a_page_that_only_reads_keeps_what_another_request_saved(in_session, page):
    client = with_session()
    assert client.get(f"/{page}?do=fill", headers={"x-user": "a"}).status_code == 200
    assert client.session["basket"] == ["tea"]
    assert client.session["since"] == "monday"
    assert "_proctor" in client.session


async def test_under_asgi_too_what_another_request_saved_is_kept(in_session):
    client = await sync_to_async(with_session)()
    browser = AsyncClient()
    browser.cookies = client.cookies
    response = await browser.get("/ameanwhile?do=fill", headers={"x-user": "a"})
    assert response.status_code == 200
    session = await sync_to_async(lambda: dict(client.session))()
    assert session["basket"] == ["tea"]
    assert "_proctor" in session


def test_who_signs_out_meanwhile_stays_signed_out_and_sees_the_page(in_session):
    client = with_session()
    key = client.cookies["sessionid"].value
    assert client.get("/meanwhile?do=flush", headers={"x-user": "a"}).status_code == 200
    store = type(client.session)
    assert dict(store(key).items()) == {}


def test_a_view_that_changes_the_session_saves_the_answer_along_with_it(in_session):
    client = with_session()
    client.get("/meanwhile?do=fill&own=yes", headers={"x-user": "a"})
    assert client.session["own"] == "yes"
    assert "_proctor" in client.session


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


def test_an_answer_in_a_session_lives_as_long_as_the_setting_says(in_session, pipet, clock):
    in_session.PROCTOR_CACHE_TIMEOUT = 60
    client = Client()
    get(client)
    clock.now += 59
    get(client)
    assert len(pipet.calls) == 1
    clock.now += 1
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


@pytest.mark.parametrize(
    "until", ["soon", 10**400, [1], True], ids=["text", "huge", "list", "boolean"]
)
def test_a_session_with_a_malformed_time_is_a_miss(in_session, pipet, until):
    client = Client()
    get(client)
    session = client.session
    session["_proctor"] = {**session["_proctor"], "until": until}
    session.save()
    assert [get(client), get(client)] == ["blue assigned"] * 2
    assert len(pipet.calls) == 2


@pytest.mark.parametrize("poison", [5, "x", {}, {"key": 1}, {"key": None, "until": "x"}])
def test_a_session_with_something_else_in_it_is_a_miss(in_session, pipet, poison):
    client = Client()
    get(client)
    session = client.session
    session["_proctor"] = poison
    session.save()
    assert get(client) == "blue assigned"


class DownStore(signed_cookies.SessionStore):
    """A session store that tests can turn off, and that counts loads."""

    error: Exception | None = None
    loads = 0

    def load(self):
        DownStore.loads += 1
        if DownStore.error is not None:
            raise DownStore.error
        return super().load()


SessionStore = DownStore


@pytest.fixture
def store(in_session, monkeypatch):
    in_session.SESSION_ENGINE = __name__
    monkeypatch.setattr(DownStore, "error", None)
    monkeypatch.setattr(DownStore, "loads", 0)
    client = Client()
    assert get(client) == "blue assigned"
    DownStore.loads = 0
    return client


def let_time_pass(seconds):
    """Let the session store be used again, as if this number of seconds had passed."""
    breaker = current_setup().cache._store._breaker
    was = breaker._clock
    breaker._clock = lambda: was() + seconds


@pytest.mark.parametrize(
    "error",
    [ConnectionError("no"), TimeoutError("no"), OperationalError("no"), RuntimeError("no")],
    ids=lambda error: type(error).__name__,
)
def test_a_session_store_that_is_down_is_a_miss_with_a_pause(store, pipet, caplog, error):
    caplog.set_level(logging.INFO, "proctor.cache")
    DownStore.error = error
    assert [get(store) for _ in range(5)] == ["blue assigned"] * 5
    assert DownStore.loads == 1
    assert len(pipet.calls) == 6
    let_time_pass(1)
    assert [get(store) for _ in range(5)] == ["blue assigned"] * 5
    assert DownStore.loads == 2
    let_time_pass(1.9)
    get(store)
    assert DownStore.loads == 2
    let_time_pass(1)
    DownStore.error = None
    before = len(pipet.calls)
    assert [get(store) for _ in range(3)] == ["blue assigned"] * 3
    assert len(pipet.calls) == before
    told = [each.getMessage() for each in caplog.records if each.name == "proctor.cache"]
    assert [text.partition(",")[0] for text in told] == [
        "The session store failed",
        "The session store is back",
    ]


@pytest.mark.parametrize(
    "error",
    [TransactionManagementError("a query failed"), ValueError("malformed"), KeyError("a")],
    ids=lambda error: type(error).__name__,
)
def test_a_session_that_fails_by_itself_pauses_no_others(store, pipet, error):
    DownStore.error = error
    assert get(store) == "blue assigned"
    DownStore.error = None
    before = len(pipet.calls)
    assert get(store) == "blue assigned"
    assert len(pipet.calls) == before


def test_a_session_store_that_is_down_is_not_asked_to_keep_the_answer(store, pipet):
    DownStore.error = ConnectionError("no")
    get(store)
    assert DownStore.loads == 1


# -- two processes ----------------------------------------------------------------------------


@pytest.fixture(params=SHARED)
def two(request, pipet):
    """Two processes of a site that share a cache."""
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
        """An answer of the Pipet, sent some time later."""
        body = reply(call)
        if call.query["id.USER"] == ["late"]:
            answering.set()
            answer.wait(AMPLE)
        return body

    pipet.reply = late_reply
    first.start_visit("late")
    assert answering.wait(AMPLE)
    pipet.publish("2", 2000, buttoncolortst=("green", 2))
    assert second.visit("new") == "green assigned"
    answer.set()
    assert first.page()["shown"] == "blue assigned"
    # What was stored late is of no use to anybody.
    assert [second.visit("late"), first.visit("late"), first.visit()] == ["green assigned"] * 3


@pytest.fixture
def shared(site):
    """Make this process one of a site's processes; return the settings for the others."""

    def shared(cache):
        site.SECRET_KEY = SECRET_KEY
        site.PROCTOR_TESTS = ("buttoncolortst",)
        site.PROCTOR_CACHE_METHOD = "cache"
        site.CACHES = {"default": {**cache, "KEY_PREFIX": str(time.monotonic_ns())}}
        names = ("PROCTOR_API_ROOT", "PROCTOR_CACHE_METHOD", "CACHES", "PROCTOR_TESTS")
        return {name: getattr(site, name) for name in names}

    return shared


def test_who_refreshes_the_version_does_not_take_a_newer_one_away(request, pipet, shared):
    settings = shared(shared_cache("redis", request))
    answering, answer = threading.Event(), threading.Event()
    reply = pipet.reply
    with working(**settings) as first, working(**settings) as second:
        assert first.visit() == "blue assigned"
        live.caches_forget_version()

        def late_reply(call):
            body = reply(call)
            if not answering.is_set():
                answering.set()
                answer.wait(AMPLE)
            return body

        pipet.reply = late_reply
        first.start_visit("someone")  # asks for the version, and is told of the old one
        assert answering.wait(AMPLE)
        pipet.publish("2", 2000, buttoncolortst=("green", 2))
        assert second.visit("new") == "green assigned"
        answer.set()
        assert first.page()["shown"] == "blue assigned"
        assert [second.visit(), first.visit()] == ["green assigned"] * 2


def test_a_rollback_is_seen_by_both_once_the_version_is_asked_for(request, pipet, shared):
    settings = shared(shared_cache("redis", request))
    with working(**settings) as first, working(**settings) as second:
        pipet.publish("2", 2000, buttoncolortst=("green", 2))
        assert [first.visit(), second.visit()] == ["green assigned"] * 2
        pipet.publish("1", 1000, buttoncolortst=("blue", 1))
        assert [first.visit(), second.visit()] == ["green assigned"] * 2
        live.caches_forget_version()
        assert first.visit() == "blue assigned"
        assert [second.visit(), first.visit()] == ["blue assigned"] * 2


@pytest.mark.parametrize("name", SHARED)
def test_under_load_no_page_is_of_an_older_matrix_than_the_stored_one(name, request, pipet, shared):
    """Visitors use two processes simultaneously, while the matrix keeps changing."""
    settings = shared(shared_cache(name, request))
    over = threading.Event()
    #: Gives each thing that is seen its place in their order.
    place = itertools.count().__next__
    #: The place of a request's beginning, and the number of the matrix that its page was of.
    pages: list[tuple[int, int]] = []

    def come(worker, name):
        for number in itertools.count():
            for user in ("regular", f"{name}{number}"):
                began = place()
                pages.append((began, number_of(worker.visit(user))))
            if over.is_set():
                return

    def number_of(page):
        return int(page.split()[0].removeprefix("group"))

    def stored_number():
        return int(caches["default"].get(key)[0])

    stored = []
    pipet.publish("1", 1000, buttoncolortst=("group1", 1))
    with working(**settings) as first, working(**settings) as second:
        threads = [
            threading.Thread(target=come, args=(first, "first")),
            threading.Thread(target=come, args=(second, "second")),
        ]
        for thread in threads:
            thread.start()
        key = current_setup().cache._version_key
        live.wait_until(lambda: len(pages) > 4)
        for number in range(2, 60):
            pipet.publish(str(number), 1000 * number, buttoncolortst=(f"group{number}", number))
            live.wait_until(lambda number=number: stored_number() == number)
            stored.append((place(), number))
        over.set()
        for thread in threads:
            thread.join()
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
        first.start_visit("someone")
        session = first.page()["session"]
        assert second.visit(session=session) == "blue assigned"
        assert len(pipet.calls) == 1
        pipet.publish("2", 2000, buttoncolortst=("green", 2))
        assert first.visit("another") == "green assigned"
        assert second.visit(session=session) == "green assigned"
