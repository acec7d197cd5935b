from __future__ import annotations

import gzip
import threading
import zlib

import pytest

from proctor.core.exceptions import SourceError
from proctor.core.sources.http.bodies import public_url
from proctor.core.sources.http.download import MAX_REDIRECTS, Validators, _target, fetch
from tests.core.httpserver import Reply, serving

LIMIT = 1000
LONG = 30.0


def get(url, *, timeout=LONG, max_bytes=LIMIT, known=None):
    return fetch(url, timeout=timeout, max_bytes=max_bytes, known=known)


def packed(content):
    return Reply(gzip.compress(content), headers={"Content-Encoding": "gzip"})


def content_of(reply):
    with serving(reply) as server:
        return get(server.url).content


def complaint(*replies, **options):
    with serving(*replies) as server, pytest.raises(SourceError) as caught:
        get(server.url, **options)
    return str(caught.value)


@pytest.mark.parametrize("with_length", [True, False])
def test_the_document_comes_whole(with_length):
    assert content_of(Reply(b"x" * LIMIT, with_length=with_length)) == b"x" * LIMIT


NOON, THEN = "Sat, 14 Jun 2025 12:00:00 GMT", "Sat, 14 Jun 2025 12:00:{:02} GMT"


def validators(headers):
    with serving(Reply(headers=headers)) as server:
        return get(server.url).validators


def test_the_validators_come_along():
    headers = {"ETag": '"1"', "Last-Modified": NOON, "Date": THEN.format(2)}
    assert validators(headers) == Validators('"1"', NOON)


@pytest.mark.parametrize("etag", [{}, {"ETag": '"684d5b40-3f"'}])
@pytest.mark.parametrize("seconds", [0, 1])
def test_a_document_that_was_just_changed_has_no_validators(etag, seconds):
    # An ETag may be made of the same time and the size, and so be the same for the next one.
    headers = {"Last-Modified": NOON, "Date": THEN.format(seconds), **etag}
    assert validators(headers) == Validators()


@pytest.mark.parametrize(
    ("date", "modified"),
    [(None, NOON), ("now", NOON), (NOON, "today"), (NOON, "Sat, 14 Jun 99999 12:00:00 GMT")],
)
def test_a_time_of_change_that_cannot_be_compared_is_no_validator(date, modified):
    headers = {"Last-Modified": modified, "ETag": '"1"', **({"Date": date} if date else {})}
    assert validators(headers) == Validators('"1"')


def test_a_date_without_a_zone_is_in_utc():
    headers = {"Last-Modified": NOON, "Date": "Sat, 14 Jun 2025 12:00:09 -0000"}
    assert validators(headers) == Validators(None, NOON)


def test_a_known_document_that_has_not_changed_is_none():
    with serving(Reply(status=304)) as server:
        assert get(server.url, known=Validators('"1"')) is None


def test_without_validators_an_unchanged_document_is_an_error():
    assert "answered 304" in complaint(Reply(status=304))


@pytest.mark.parametrize("status", [204, 404, 500])
def test_another_status_is_an_error(status):
    assert f"answered {status}" in complaint(Reply(status=status))


@pytest.mark.parametrize("with_length", [True, False])
def test_a_document_that_is_too_large_is_refused(with_length):
    reply = Reply(b"x" * (LIMIT + 1), with_length=with_length)
    assert "larger than 1000 bytes" in complaint(reply)


def test_gzip_is_unpacked():
    assert content_of(packed(b"x" * LIMIT)) == b"x" * LIMIT


def test_gzip_of_several_members_is_unpacked():
    body = gzip.compress(b"one, ") + gzip.compress(b"two")
    assert content_of(Reply(body, headers={"Content-Encoding": "gzip"})) == b"one, two"


def test_the_size_counts_after_decompression():
    assert "larger than 1000 bytes" in complaint(packed(b"\0" * 50_000_000))


def test_gzip_that_ends_too_early_is_refused():
    body = gzip.compress(b"abc")[:-4]
    assert "incomplete" in complaint(Reply(body, headers={"Content-Encoding": "gzip"}))


def test_gzip_that_is_none_is_refused():
    assert "Cannot fetch" in complaint(Reply(b"abc", headers={"Content-Encoding": "gzip"}))


def test_an_encoding_that_was_not_asked_for_is_refused():
    reply = Reply(zlib.compress(b"abc"), headers={"Content-Encoding": "deflate"})
    assert "'deflate'" in complaint(reply)


def test_a_body_shorter_than_announced_is_refused():
    reply = Reply(b"abc", with_length=False, headers={"Content-Length": "10"})
    assert "Cannot fetch" in complaint(reply)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(hang=True),
        Reply(b"x" * LIMIT, drip="headers", headers={"X-Long": "x" * 5000}),
        Reply(b"x" * LIMIT, drip="body"),
        Reply(b"x" * LIMIT, drip="body", with_length=False),
    ],
    ids=["hang", "drip in the headers", "drip in the body", "drip without length"],
)
def test_the_time_is_bounded_as_a_whole(reply):
    assert "longer than 0.2 seconds" in complaint(reply, timeout=0.2)


def test_the_thread_that_watches_the_time_ends():
    before = set(threading.enumerate())
    content_of(Reply(b"abc"))
    for thread in set(threading.enumerate()) - before:
        thread.join(LONG)
    assert set(threading.enumerate()) <= before


def test_a_redirect_is_followed():
    first = Reply(status=302, headers={"Location": "/elsewhere"})
    with serving(first, Reply(b"abc")) as server:
        assert get(server.url).content == b"abc"


def test_the_body_of_a_redirect_is_not_read():
    first = Reply(b"x" * 5000, status=302, headers={"Location": "/elsewhere"}, drip="body")
    with serving(first, Reply(b"abc")) as server:
        assert get(server.url).content == b"abc"


def test_redirects_come_to_an_end():
    endless = Reply(status=302, headers={"Location": "/again"})
    assert f"more than {MAX_REDIRECTS} times" in complaint(endless)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.com/", ""])
def test_a_redirect_leads_to_http_only(target):
    assert "redirects to" in complaint(Reply(status=302, headers={"Location": target}))


def test_a_redirect_does_not_lead_from_https_to_http():
    with pytest.raises(SourceError, match="only redirects to https URLs are followed"):
        _target("https://a/", "https://a/m.json", "http://a/m.json")


def test_a_server_that_is_not_there_is_told_in_the_same_words_each_time():
    with serving(Reply()) as server:
        pass
    complaints = set()
    for _ in range(2):
        with pytest.raises(SourceError) as caught:
            get(server.url)
        complaints.add(str(caught.value))
    assert complaints == {f"Cannot fetch {server.url}: ConnectionRefusedError: Connection refused"}


def test_a_url_is_shown_without_its_secrets():
    shown = public_url("https://me:secret@example.com:8443/m.json?token=secret#x")
    assert shown == "https://example.com:8443/m.json?…"


def test_a_token_is_sent_to_the_host_of_the_url_only():
    with serving(Reply(b"{}")) as elsewhere:
        away = Reply(
            status=302, headers={"Location": elsewhere.url.replace("127.0.0.1", "localhost")}
        )
        with serving(away) as server:
            fetch(server.url, timeout=LONG, max_bytes=LIMIT, bearer="secret")
        assert server.requests[0]["Authorization"] == "Bearer secret"
        assert elsewhere.requests[0]["Authorization"] is None


def test_a_token_is_in_no_message():
    with serving(Reply(status=403)) as server, pytest.raises(SourceError) as caught:
        fetch(server.url, timeout=LONG, max_bytes=LIMIT, bearer="secret")
    assert "secret" not in str(caught.value)
