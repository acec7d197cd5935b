from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from proctor.core.exceptions import ConfigurationError, SourceError
from proctor.core.sources.locations import location_of
from proctor.core.sources.object_stores import MAX_LATE, ObjectLocation, public_address
from proctor.core.sources.reloading import MatrixLoader

fsspec = pytest.importorskip("fsspec", reason="needs fsspec, which is in the group `test`")

LONG = 30.0

#: A password that must appear nowhere.
SECRET = "hunter2"


def matrix(version="1", *names):
    tests = dict.fromkeys(names)
    return json.dumps({"audit": {"version": version}, "tests": tests}).encode()


class Store:
    """A bucket in fsspec's memory file system, whose objects are older than the clock step."""

    url = "memory://bucket/matrix.json"

    def __init__(self):
        self.filesystem = fsspec.filesystem("memory")

    def write(self, content, age=60.0):
        self.filesystem.pipe_file("/bucket/matrix.json", content)
        self.filesystem.store["/bucket/matrix.json"].created = self.now(-age)
        self.filesystem.store["/bucket/matrix.json"].modified = self.now(-age)

    def now(self, seconds):
        from datetime import datetime, timedelta, timezone

        return datetime.now(timezone.utc) + timedelta(seconds=seconds)

    def remove(self):
        self.filesystem.rm_file("/bucket/matrix.json")


@pytest.fixture
def store():
    made = Store()
    made.write(matrix("1"))
    yield made
    made.filesystem.store.clear()


class Counting(fsspec.AbstractFileSystem):
    """A store that records its calls, and fails or hangs on demand."""

    protocol = "counting"
    cachable = False
    #: Set by each test that uses it.
    script = None

    def __init__(self, **options):
        super().__init__(**options)
        # A thread that is late must not write into the script of a later test.
        self.script = type(self).script
        self.script.made.append((os.getpid(), threading.current_thread().name, options))

    @classmethod
    def _get_kwargs_from_urls(cls, path):
        return {"password": SECRET} if SECRET in path else {}

    def info(self, path, **options):
        self.script.asked.append("info")
        if self.script.hangs:
            self.script.hangs.wait(LONG)
        if self.script.failure:
            raise self.script.failure
        return {"name": path, "size": len(self.script.content), "ETag": self.script.etag}

    def _open(self, path, mode="rb", **options):
        import io

        self.script.asked.append("open")
        content = self.script.content
        self.script.opened()
        return io.BytesIO(content)


class Script:
    url = "counting://bucket/matrix.json"

    def __init__(self):
        self.made, self.asked = [], []
        self.hangs = self.failure = None
        self.content, self.etag = matrix("1"), '"1"'
        self.opened = lambda: None


@pytest.fixture
def script(monkeypatch):
    fsspec.register_implementation("counting", Counting, clobber=True)
    monkeypatch.setattr(Counting, "script", Script())
    return Counting.script


@pytest.fixture
def make():
    """Create sources that check the location at every call, and are closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(location, **options):
            options = {
                "build": lambda matrix: matrix,
                "reload_interval": 0,
                "wait": LONG,
                **options,
            }
            return stack.enter_context(MatrixLoader(location, **options))

        yield make
    for thread in threading.enumerate():
        if thread.name == "proctor-matrix":
            thread.join(LONG)


def location(url, *, timeout=LONG, max_bytes=10_000):
    return ObjectLocation(url, timeout=timeout, max_bytes=max_bytes)


# As files and URLs


def test_the_matrix_of_a_store_is_loaded(make, store):
    assert make(store.url).current().matrix_version == "1"


def test_a_replaced_object_is_loaded_again(make, store):
    source = make(store.url)
    source.current()
    store.write(matrix("2"), age=30)
    source.refresh(LONG)
    assert source.current().matrix_version == "2"


def test_an_object_that_stays_is_not_read_again(script):
    place = location(script.url)
    first = place.read(None)
    script.asked.clear()
    assert place.read(first.token) is None
    assert script.asked == ["info"]


def test_an_object_whose_time_stays_the_same_is_not_read_again(store):
    place = location(store.url)
    assert place.read(place.read(None).token) is None


def test_a_young_object_is_read_again(store):
    store.write(matrix("1"), age=0)
    assert location(store.url).read(None).token is None


def test_an_object_without_etag_and_time_is_read_each_time(script):
    script.etag = None
    assert location(script.url).read(None).token is None


def test_an_object_that_is_replaced_during_the_read_is_read_again(script):
    def replace():
        script.content, script.etag = matrix("2"), '"2"'

    script.opened = replace
    found = location(script.url).read(None)
    assert (found.content, found.token.etag) == (matrix("2"), '"2"')


def test_the_last_good_matrix_stays_and_the_problem_is_logged_once(make, store, caplog):
    source = make(store.url)
    source.current()
    store.remove()
    for _ in range(3):
        source.refresh(LONG)
    assert source.current().matrix_version == "1"
    errors = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    (error,) = errors
    assert error == (
        f"No new matrix from {store.url}: Cannot read {store.url!r}: the object does not exist. "
        "In use: version 1"
    )


def test_a_bad_object_leaves_the_last_good_matrix(make, store):
    source = make(store.url)
    source.current()
    store.write(b"{", age=30)
    source.refresh(LONG)
    assert source.current().matrix_version == "1"


@pytest.mark.parametrize("told", ["with its size", "without"])
def test_an_object_that_is_too_large_is_refused(script, monkeypatch, told):
    if told == "without":
        info = Counting.info
        monkeypatch.setattr(Counting, "info", lambda *a: {**info(*a), "size": None})
    with pytest.raises(SourceError, match=r"it is larger than 10 bytes; .* raise max_bytes"):
        location(script.url, max_bytes=10).read(None)
    assert ("open" in script.asked) == (told == "without")


def test_a_store_that_hangs_is_given_up_after_the_time_limit(script):
    script.hangs = threading.Event()
    with pytest.raises(SourceError, match=r"took longer than 0\.05 seconds in total"):
        location(script.url, timeout=0.05).read(None)
    script.hangs.set()


def test_reads_that_hang_do_not_pile_up(script):
    script.hangs = threading.Event()
    place = location(script.url, timeout=0.05)
    for _ in range(MAX_LATE + 2):
        with pytest.raises(SourceError):
            place.read(None)
    assert len(script.asked) == MAX_LATE
    script.hangs.set()


def test_a_store_that_answers_again_is_read_again(script):
    script.hangs = threading.Event()
    place = location(script.url, timeout=0.05)
    for _ in range(MAX_LATE):
        with pytest.raises(SourceError):
            place.read(None)
    script.hangs.set()
    for thread in threading.enumerate():
        if thread.name == "proctor-object-store":
            thread.join(LONG)
    assert location(script.url).read(None).content == matrix("1")
    script.hangs = None
    ends = time.monotonic() + LONG
    while time.monotonic() < ends:
        with contextlib.suppress(SourceError):
            assert place.read(None).content == matrix("1")
            return
    raise AssertionError("it is never read again")


# The client


def test_the_client_is_made_at_the_first_read_without_a_cache_of_listings(script):
    place = location(script.url)
    assert script.made == []
    place.read(None)
    place.read(None)
    ((_, thread, options),) = script.made
    assert (thread, options["use_listings_cache"]) == ("proctor-object-store", False)


def test_after_a_failure_there_is_a_new_client(script):
    place = location(script.url)
    script.failure = OSError("expired")
    with pytest.raises(SourceError):
        place.read(None)
    script.failure = None
    place.read(None)
    assert len(script.made) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_makes_its_own_client(script):
    place = location(script.url)
    place.read(None)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            place.read(None)
            os.write(writing, json.dumps([pid for pid, _, _ in script.made]).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert json.loads(pipe.read()) == [os.getpid(), child]


# No credentials


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"sftp://ada:{SECRET}@host/m.json", "sftp://host/m.json"),
        (f"s3://bucket/m.json?X-Amz-Signature={SECRET}", "s3://bucket/m.json"),
        (f"s3://{SECRET}@bucket/m.json", "s3://bucket/m.json"),
        (
            "abfs://box@shop.dfs.core.windows.net/m.json",
            "abfs://box@shop.dfs.core.windows.net/m.json",
        ),
        ("s3://bucket/a/m.json", "s3://bucket/a/m.json"),
    ],
)
def test_an_address_is_shown_without_credentials(url, shown):
    assert public_address(url) == shown


def test_logs_and_errors_tell_no_credentials(make, script, caplog):
    caplog.set_level("DEBUG", logger="proctor")
    script.failure = OSError(f"403 for counting://ada:{SECRET}@bucket/matrix.json")
    source = make(f"counting://ada:{SECRET}@bucket/matrix.json")
    with pytest.raises(SourceError) as caught:
        source.current()
    import traceback

    text = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(source)
    assert "OSError" in text
    assert SECRET not in text


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (FileNotFoundError(SECRET), "the object does not exist"),
        (PermissionError(SECRET), "access denied"),
        (IsADirectoryError(SECRET), "it is a folder"),
        (RuntimeError(SECRET), "RuntimeError"),
    ],
)
def test_a_failure_is_told_in_our_words(script, failure, words):
    script.failure = failure
    with pytest.raises(SourceError, match=words) as caught:
        location(script.url).read(None)
    assert SECRET not in str(caught.value)


# What cannot work


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("memry://bucket/m.json", r"from 'memry' URLs; did you mean 'memory'\?; give a path"),
        ("file:///etc/matrix.json", "'file' URLs; give a path"),
        ("simplecache::s3://bucket/m.json", "'simplecache::s3' URLs"),
        ("memory://", "does not name an object"),
        ("s3:///", "does not name an object"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(url, words):
    with pytest.raises(ConfigurationError, match=words):
        location_of(url, timeout=1, max_bytes=1)


def test_a_store_without_its_package_names_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ConfigurationError, match=r"'s3://bucket/m.json': Install s3fs"):
        location_of("s3://bucket/m.json", timeout=1, max_bytes=1)


def test_without_fsspec_the_error_names_the_extra():
    code = (
        "import sys; sys.modules['fsspec'] = None\n"
        "from proctor.core.sources.locations import location_of\n"
        "location_of('s3://key:hunter2@bucket/m.json', timeout=1, max_bytes=1)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "needs fsspec: pip install 'django-proctor[remote]'" in done.stderr.splitlines()[-1]
    assert SECRET not in done.stderr.splitlines()[-1]


# fsspec's HTTP, as a store with a network


class Served(SimpleHTTPRequestHandler):
    """Serves the files of a folder; each request is added to `log`."""

    def log_message(self, *args):
        self.server.log.append(f"{self.command} {self.path}")


@pytest.fixture
def bucket(tmp_path):
    """A folder that is served over HTTP, and its address."""
    pytest.importorskip("aiohttp", reason="needs aiohttp, which is in the group `test`")

    def handler(*args):
        return Served(*args, directory=str(tmp_path))

    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.log = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield tmp_path, f"http://127.0.0.1:{server.server_port}/matrix.json", server.log
    server.shutdown()
    thread.join()
    server.server_close()


def put(folder, content, age):
    path = folder / "matrix.json"
    path.write_bytes(content)
    os.utime(path, (time.time() - age, time.time() - age))


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_matrix_over_the_http_of_fsspec_is_loaded_and_loaded_again(make, bucket):
    folder, url, log = bucket
    put(folder, matrix("1"), age=60)
    source = make(url, locations={"http": location})
    assert source.current().matrix_version == "1"
    log.clear()
    source.refresh(LONG)
    assert set(log) == {"HEAD /matrix.json"}
    put(folder, matrix("2"), age=30)
    source.refresh(LONG)
    assert source.current().matrix_version == "2"


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_over_the_http_of_fsspec_an_outage_leaves_the_last_good_matrix(make, bucket):
    folder, url, _ = bucket
    put(folder, matrix("1"), age=60)
    source = make(url, locations={"http": location})
    source.current()
    (folder / "matrix.json").unlink()
    source.refresh(LONG)
    assert source.current().matrix_version == "1"


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_over_the_http_of_fsspec_a_large_object_is_refused(bucket):
    folder, url, log = bucket
    put(folder, b" " * 20_000, age=60)
    with pytest.raises(SourceError, match="it is larger than 10000 bytes"):
        location(url).read(None)
    assert log == ["HEAD /matrix.json"]
