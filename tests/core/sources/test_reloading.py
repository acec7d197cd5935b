from __future__ import annotations

import contextlib
import json
import logging
import math
import multiprocessing
import os
import subprocess
import sys
import threading
import time

import pytest

from proctor.core.exceptions import (
    ConfigurationError,
    MatrixLoadError,
    MatrixNotReady,
    SourceError,
)
from proctor.core.matrices.matrix import Audit, Matrix
from proctor.core.sources.locations import ReadMatrix
from proctor.core.sources.reloading import MatrixLoader
from tests.core.httpserver import Reply, serving

LONG = 30.0


def matrix(version="1", *names):
    tests = dict.fromkeys(names)
    return json.dumps({"audit": {"version": version}, "tests": tests}).encode()


def replace(path, content):
    """Replace the file by a new one, as deployments do."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


def eventually(condition):
    """Wait until the condition is true, up to a limit; then the test's own assertion fails."""
    ends = time.monotonic() + LONG
    while not (result := condition()) and time.monotonic() < ends:
        time.sleep(0.002)
    return result


def version_of(source):
    return source.current(LONG).matrix_version


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "matrix.json"
    path.write_bytes(matrix("1"))
    return path


@pytest.fixture
def make():
    """Create sources that check the location at every call, and are closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(location, **options):
            options = {"build": lambda matrix: matrix, "reload_interval": 0, **options}
            return stack.enter_context(MatrixLoader(location, **options))

        yield make
    # Loads that are still running must not log during the next test.
    for thread in threading.enumerate():
        if thread.name == "proctor-matrix":
            thread.join(LONG)


# A file


def test_a_file_is_loaded_at_the_first_question(make, path):
    assert make(path).current().matrix_version == "1"


def test_the_snapshot_holds_what_the_factory_makes(make, path):
    source = make(path, build=lambda matrix: ("built", matrix.audit.version))
    assert source.current().proctor == ("built", "1")


def test_nothing_is_read_before_the_first_question(make, tmp_path):
    source = make(tmp_path / "matrix.json")
    (tmp_path / "matrix.json").write_bytes(matrix("1"))
    assert source.current().matrix_version == "1"


@pytest.mark.parametrize("write", [replace, lambda path, content: path.write_bytes(content)])
def test_a_changed_file_is_loaded_again(make, path, write):
    source = make(path)
    source.current()
    write(path, matrix("2"))
    assert eventually(lambda: source.current().matrix_version == "2")


def test_a_file_of_the_same_size_and_an_older_time_is_a_change(make, path):
    source = make(path)
    source.current()
    replace(path, matrix("2"))
    os.utime(path, (1, 1))
    assert eventually(lambda: source.current().matrix_version == "2")


def test_a_file_that_stays_is_built_once(make, path):
    os.utime(path, (1, 1))
    built = []
    source = make(path, build=built.append)
    for _ in range(20):
        source.current()
    assert len(built) == 1


def test_within_the_interval_nobody_looks(make, path):
    source = make(path, reload_interval=math.inf)
    first = source.current()
    path.unlink()
    assert source.current() is first


def test_another_content_with_the_same_version_is_no_change_and_a_warning_says_so(
    make, path, caplog
):
    source = make(path)
    first = source.current()
    replace(path, matrix("1", "another"))
    assert eventually(lambda: source.current() and "audit version is still 1" in caplog.text)
    assert source.current() is first


def test_a_matrix_without_a_version_is_always_a_change(make, path):
    path.write_bytes(b'{"audit": {}}')
    source = make(path)
    first = source.current()
    replace(path, b'{"audit": {}, "tests": {}}')
    assert eventually(lambda: source.current() is not first)


def test_a_missing_file_is_named(make, tmp_path):
    with pytest.raises(SourceError, match=r"nowhere\.json.*No such file"):
        make(tmp_path / "nowhere.json").current()


def test_a_directory_is_no_matrix(make, tmp_path):
    with pytest.raises(SourceError, match="not a regular file"):
        make(tmp_path).current()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_not_waited_for(make, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="not a regular file"):
        make(tmp_path / "pipe").current()


def test_a_bad_file_says_why(make, path):
    path.write_bytes(b"[]")
    with pytest.raises(SourceError) as caught:
        make(path).current()
    assert isinstance(caught.value.__cause__, MatrixLoadError)


def test_a_first_load_that_failed_is_not_repeated_at_each_question(make, tmp_path):
    failures = []
    source = make(tmp_path / "m.json", reload_interval=LONG, on_failure=failures.append)
    for _ in range(3):
        with pytest.raises(SourceError):
            source.current()
    assert len(failures) == 1


def test_a_first_load_that_failed_is_repeated_after_a_pause(make, tmp_path):
    source = make(tmp_path / "matrix.json")
    with pytest.raises(SourceError):
        source.current()
    (tmp_path / "matrix.json").write_bytes(matrix("1"))
    assert source.current().matrix_version == "1"


# If the new matrix is unavailable


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: replace(path, b"{"),
        lambda path: replace(path, b'{"audit": {"version": "2"}, "tests": []}'),
        lambda path: path.unlink(),
    ],
    ids=["half", "invalid", "deleted"],
)
def test_the_last_good_matrix_stays(make, path, spoil):
    failures = []
    source = make(path, on_failure=failures.append)
    first = source.current()
    spoil(path)
    eventually(lambda: source.current() and failures)
    assert (bool(failures), source.current()) == (True, first)


def test_a_factory_that_fails_leaves_the_last_good_matrix(make, path):
    failures = []

    def build(matrix):
        if matrix.audit.version == "2":
            raise ZeroDivisionError
        return matrix

    source = make(path, build=build, on_failure=failures.append)
    first = source.current()
    replace(path, matrix("2"))
    eventually(lambda: source.current() and failures)
    assert (type(failures[0]), source.current()) == (ZeroDivisionError, first)


def test_the_same_problem_is_logged_once(make, path, caplog):
    failures = []
    source = make(path, on_failure=failures.append)
    source.current()
    path.unlink()
    eventually(lambda: source.current() and len(failures) > 5)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_each_distinct_problem_is_logged(make, path, caplog):
    source = make(path)
    source.current()
    path.unlink()
    eventually(lambda: source.current() and len(caplog.records) == 1)
    path.write_bytes(b"[]")
    assert eventually(lambda: source.current() and len(caplog.records) == 2)


def test_recovery_is_logged_once(make, path, caplog):
    caplog.set_level(logging.INFO)
    failures = []
    source = make(path, on_failure=failures.append)
    source.current()
    replace(path, b"[]")
    eventually(lambda: source.current() and failures)
    replace(path, matrix("2"))
    eventually(lambda: source.current() and "can be loaded again" in caplog.text)
    for _ in range(20):
        source.current()
    assert caplog.text.count("can be loaded again") == 1


def test_the_old_content_put_back_is_a_recovery(make, path, caplog):
    caplog.set_level(logging.INFO)
    failures = []
    source = make(path, on_failure=failures.append)
    source.current()
    replace(path, b"[]")
    eventually(lambda: source.current() and failures)
    replace(path, matrix("1"))
    assert eventually(lambda: source.current() and "can be loaded again" in caplog.text)


# Subscribers


def test_subscribers_are_told_of_each_new_snapshot(make, path):
    told = []
    source = make(path, on_change=told.append)
    source.current()
    replace(path, matrix("2"))
    eventually(lambda: version_of(source) == "2" and len(told) == 2)
    assert [snapshot.matrix_version for snapshot in told] == ["1", "2"]


def test_a_subscriber_that_fails_costs_nothing_but_a_log_record(make, path, caplog):
    source = make(path, on_change=lambda snapshot: 1 / 0)
    assert (source.current().matrix_version, len(caplog.records)) == ("1", 1)


def test_subscribers_are_told_when_the_matrix_is_well_again(make, path):
    told = []
    source = make(path)
    source.current()
    source.subscribe(
        on_change=lambda snapshot: told.append(snapshot.matrix_version),
        on_failure=lambda failure: told.append("failure"),
        on_recovery=lambda: told.append("recovery"),
    )
    replace(path, b"no matrix")
    eventually(lambda: source.current() and "failure" in told)
    replace(path, matrix("1"))
    eventually(lambda: source.current() and "recovery" in told)
    assert set(told[:-1]) == {"failure"}


def test_who_is_told_of_the_recovery_knows_the_new_matrix_already(make, path):
    told = []
    source = make(path)
    source.current()
    source.subscribe(
        on_change=lambda snapshot: told.append(snapshot.matrix_version),
        on_recovery=lambda: told.append("recovery"),
    )
    failures = []
    source.subscribe(on_failure=failures.append)
    replace(path, b"no matrix")
    eventually(lambda: source.current() and failures)
    replace(path, matrix("2"))
    eventually(lambda: source.current() and "recovery" in told)
    assert told == ["2", "recovery"]


def test_who_has_ended_his_subscription_is_told_nothing_and_others_are(make, path):
    told, others = [], []
    source = make(path)
    end = source.subscribe(on_change=told.append)
    source.subscribe(on_change=others.append)
    end()
    end()
    source.current()
    assert (told, len(others)) == ([], 1)


# Closing


def test_after_closing_the_last_snapshot_stays(make, path):
    source = make(path)
    first = source.current()
    source.close()
    replace(path, matrix("2"))
    assert source.current() is first


def test_after_closing_nothing_is_loaded(make, path):
    source = make(path)
    source.close()
    with pytest.raises(SourceError, match="closed"):
        source.current()


# Arguments


@pytest.mark.parametrize(
    "wrong",
    [
        {"reload_interval": -1},
        {"wait": math.nan},
        {"timeout": 0},
        {"timeout": math.inf},
        {"max_bytes": 0},
        {"location": ""},
        {"location": "gopher://example.com/matrix.json"},
        {"location": "http:///matrix.json"},
        {"location": "http://[::1/matrix.json"},
    ],
    ids=str,
)
def test_arguments_without_sense_are_refused(wrong):
    with pytest.raises(ConfigurationError):
        MatrixLoader(**{"location": "matrix.json", "build": str, **wrong})


def test_the_repr_tells_no_password():
    source = MatrixLoader("https://me:secret@example.com/m.json?key=secret", build=str)
    assert repr(source) == "<MatrixLoader 'https://example.com/m.json?…', version None>"


# A URL


def test_a_url_is_loaded_while_the_first_caller_waits(make):
    with serving(Reply(matrix("1"))) as server:
        assert make(server.url).current(LONG).matrix_version == "1"


def test_a_url_that_takes_too_long_is_not_ready(make):
    expected = pytest.raises(MatrixNotReady, match="still being loaded")
    with serving(Reply(hang=True)) as server, expected:
        make(server.url).current(0.01)


def test_only_the_first_callers_wait(make):
    with serving(Reply(hang=True)) as server:
        source = make(server.url, wait=0)
        for _ in range(100):
            with pytest.raises(MatrixNotReady):
                source.current()
        eventually(lambda: server.requests)
        assert len(server.requests) == 1


def test_a_url_is_asked_whether_it_has_changed(make):
    noon, later = "Sat, 14 Jun 2025 12:00:00 GMT", "Sat, 14 Jun 2025 12:00:05 GMT"
    headers = {"ETag": '"one"', "Last-Modified": noon, "Date": later}
    first = Reply(matrix("1"), headers=headers)
    with serving(first, Reply(status=304)) as server:
        source = make(server.url)
        source.current(LONG)
        eventually(lambda: source.current() and len(server.requests) >= 2)
        headers = server.requests[1]
        assert (headers["If-None-Match"], headers["If-Modified-Since"]) == ('"one"', noon)


def test_the_second_of_two_publications_within_a_second_arrives(make):
    """The server has only Last-Modified, in whole seconds, and answers 304 if that is unchanged."""
    noon = "Sat, 14 Jun 2025 12:00:00 GMT"
    same = {"Last-Modified": noon, "Date": noon}

    def answer(number, headers):
        if headers.get("If-Modified-Since") == noon:
            return Reply(status=304)
        return Reply(matrix("1" if number == 1 else "2"), headers=same)

    with serving(answer) as server:
        source = make(server.url)
        assert source.current(LONG).matrix_version == "1"
        assert eventually(lambda: source.current().matrix_version == "2")


def test_a_changed_document_is_loaded(make):
    with serving(Reply(matrix("1"), headers={"ETag": '"1"'}), Reply(matrix("2"))) as server:
        source = make(server.url)
        source.current(LONG)
        assert eventually(lambda: source.current().matrix_version == "2")


def test_an_unchanged_bad_document_is_still_bad(make):
    bad = Reply(b"[]", headers={"ETag": '"bad"'})
    with serving(bad, Reply(status=304)) as server:
        source = make(server.url)
        for _ in range(2):
            with pytest.raises(SourceError):
                source.current(LONG)
        with pytest.raises(SourceError, match=r"^http.*: the document: \[\] is not a JSON object"):
            source.current(LONG)


def test_an_outage_leaves_the_last_good_matrix(make):
    failures = []
    with serving(Reply(matrix("1")), Reply(status=503)) as server:
        source = make(server.url, on_failure=failures.append)
        first = source.current(LONG)
        eventually(lambda: source.current() and failures)
        assert (bool(failures), source.current()) == (True, first)


def test_a_server_that_is_not_there_is_logged_once(make, caplog):
    with serving(Reply(matrix("1"))) as server:
        failures = []
        source = make(server.url, on_failure=failures.append)
        source.current(LONG)
    eventually(lambda: source.current() and len(failures) > 3)
    assert len(caplog.records) == 1


# Threads, processes, exit


def test_many_threads_load_a_file_once(make, path):
    built, came = [], []
    start = threading.Barrier(16)

    def build(matrix):
        built.append(matrix)
        eventually(lambda: len(came) == 16)
        return matrix

    source = make(path, build=build, reload_interval=LONG)
    found = []

    def ask():
        start.wait()
        came.append(1)
        found.append(source.current())

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(built), len(set(map(id, found)))) == (1, 1)


def test_readers_go_on_while_a_matrix_is_being_built(make, path):
    release = threading.Event()

    def build(matrix):
        if matrix.audit.version == "2":
            release.wait(LONG)
        return matrix

    source = make(path, build=build)
    source.current()
    replace(path, matrix("2"))
    assert {source.current().matrix_version for _ in range(200)} == {"1"}
    release.set()
    assert eventually(lambda: source.current().matrix_version == "2")


def test_a_snapshot_and_its_version_belong_together(make, path):
    source = make(path, build=lambda matrix: matrix.audit.version)
    torn, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            snapshot = source.current()
            if snapshot.proctor != snapshot.matrix_version:
                torn.append(snapshot)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(2, 10):
        replace(path, matrix(str(number)))
        eventually(lambda number=number: source.current().matrix_version == str(number))
    stop.set()
    for thread in threads:
        thread.join()
    assert torn == []


def in_child(ask):
    """The result of *ask* in a forked process."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            sender.send(ask())
        os._exit(0)
    sender.close()
    try:
        return receiver.recv() if receiver.poll(LONG) else "nothing"
    finally:
        receiver.close()
        os.waitpid(pid, 0)


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
# Servers fork while threads are alive, and these tests check that.
forks = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@needs_fork
@forks
def test_a_process_forked_during_a_load_loads_for_itself(make, path):
    release, building = threading.Event(), threading.Event()
    parent = os.getpid()

    def build(matrix):
        if matrix.audit.version == "2" and os.getpid() == parent:
            building.set()
            release.wait(LONG)
        return matrix

    source = make(path, build=build)
    source.current()
    replace(path, matrix("2"))
    eventually(lambda: source.current() and building.is_set())
    found = in_child(lambda: bool(eventually(lambda: source.current().matrix_version == "2")))
    release.set()
    assert found is True


@needs_fork
@forks
def test_a_process_forked_during_the_first_load_loads_for_itself(make, path):
    release, building = threading.Event(), threading.Event()
    parent = os.getpid()

    def build(matrix):
        if os.getpid() == parent:
            building.set()
            release.wait(LONG)
        return matrix

    source = make(path, build=build)
    loader = threading.Thread(target=source.current)
    loader.start()
    building.wait(LONG)
    found = in_child(lambda: source.current().matrix_version)
    release.set()
    loader.join()
    assert found == "1"


@needs_fork
@forks
def test_a_process_forked_after_a_failure_does_not_wait(make, tmp_path):
    source = make(tmp_path / "matrix.json", reload_interval=LONG)
    with pytest.raises(SourceError):
        source.current()

    def ask():
        try:
            source.current()
        except SourceError as error:
            return type(error).__name__

    assert in_child(ask) == "SourceError"


@pytest.mark.parametrize("moment", ["hangs", "is loaded"])
def test_the_interpreter_ends_without_a_word(moment):
    reply = Reply(hang=True) if moment == "hangs" else Reply(matrix("1"))
    code = (
        "import sys\n"
        "from proctor.core.sources.reloading import MatrixLoader\n"
        "source = MatrixLoader(sys.argv[1], build=str, reload_interval=0, wait=0.2)\n"
        "try:\n"
        "    for _ in range(3): source.current()\n"
        "except Exception as error: print(type(error).__name__)\n"
    )
    with serving(reply) as server:
        done = subprocess.run(
            [sys.executable, "-c", code, server.url],
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_that_is_too_large_is_refused(make, path):
    source = make(path, max_bytes=100)
    source.current()
    replace(path, matrix("2", *map(str, range(100))))
    failures = []
    source.subscribe(on_failure=failures.append)
    assert eventually(lambda: source.current() and failures)
    assert "larger than 100 bytes; if that is intended, raise max_bytes" in str(failures[0])
    assert source.current().matrix_version == "1"


# Times of checks


class Clocks:
    """The wall clock and the monotonic clock, which a test sets together."""

    def __init__(self, wall):
        self.wall, self.elapsed = wall, 7.0

    def advance_to(self, wall):
        self.elapsed += wall - self.wall
        self.wall = wall

    @property
    def options(self):
        return {"clock": lambda: self.elapsed, "wall_clock": lambda: self.wall}


@pytest.mark.parametrize("started", [1000, 1010, 1019.5])
def test_all_processes_look_at_multiples_of_the_interval(make, path, started):
    clocks = Clocks(started)
    source = make(path, reload_interval=30, **clocks.options)
    assert source.current().matrix_version == "1"
    replace(path, matrix("2"))
    clocks.advance_to(1019.9)
    for _ in range(20):
        assert source.current().matrix_version == "1"
    clocks.advance_to(1020)
    assert eventually(lambda: source.current().matrix_version == "2")
    # The next check is also at the next multiple, no matter how late the last one was.
    replace(path, matrix("3"))
    clocks.advance_to(1049.9)
    for _ in range(20):
        assert source.current().matrix_version == "2"
    clocks.advance_to(1050)
    assert eventually(lambda: source.current().matrix_version == "3")


def test_a_clock_that_is_set_back_costs_no_more_than_one_interval(make, path):
    clocks = Clocks(10_000)
    source = make(path, reload_interval=30, **clocks.options)
    source.current()
    replace(path, matrix("2"))
    clocks.wall = 5000
    clocks.elapsed += 30
    assert eventually(lambda: source.current().matrix_version == "2")


@pytest.mark.parametrize(
    ("interval", "drawn", "latest"), [(30, 0.0, 0), (30, 0.99, 3), (100, 0.99, 3), (10, 0.99, 1)]
)
def test_looks_at_a_url_are_spread_over_a_tenth_of_the_interval_and_three_seconds(
    make, monkeypatch, interval, drawn, latest
):
    monkeypatch.setattr("random.random", lambda: drawn)
    clocks = Clocks(1001)
    due = (1001 // interval + 1) * interval + drawn * latest
    with serving(Reply(matrix("1")), Reply(matrix("2"))) as server:
        source = make(server.url, reload_interval=interval, **clocks.options)
        assert source.current(LONG).matrix_version == "1"
        clocks.advance_to(due - 0.01)
        for _ in range(20):
            source.current()
        assert len(server.requests) == 1
        clocks.advance_to(due + 0.001)
        assert eventually(lambda: source.current().matrix_version == "2")


def test_a_matrix_is_compiled_in_the_thread_that_loads(make, path):
    threads = []
    source = make(path, build=lambda _: threads.append(threading.current_thread().name))
    source.current()
    replace(path, matrix("2"))
    assert eventually(lambda: source.current().matrix_version == "2")
    assert threads == ["proctor-matrix"] * 2


def test_without_threads_the_first_matrix_of_a_file_is_loaded_by_the_caller(
    make, path, monkeypatch
):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert make(path).current().matrix_version == "1"


#: Asks a source repeatedly. For each request that falls clearly into one interval, prints whether
#: an interval has begun since the last check, and whether the source checked.
ASKING = """
import sys, time
from proctor.core.sources.reloading import MatrixLoader

path, interval, guard = sys.argv[1], 0.25, 0.003
source = MatrixLoader(path, build=lambda matrix: matrix, reload_interval=interval)
looks, changed = [], source._location.changed
source._location.changed = lambda token: looks.append(token) or changed(token)

def ask():
    before, count = time.time(), len(looks)
    source.current()
    after = time.time()
    # The two clocks of a machine drift: right at a multiple nothing can be said.
    early, late = (before - guard) // interval, (after + guard) // interval
    return (early if early == late else None), len(looks) > count

slot, _ = ask()
sure = 0
while sure < 3 and len(looks) < 100:
    now, looked = ask()
    if None not in (slot, now):
        print(int(now > slot), int(looked), flush=True)
        sure += looked
    if looked:
        slot = now
    time.sleep(0.017)
"""


def test_two_processes_look_in_the_same_intervals_of_the_day(path):
    """A process checks only if a multiple of the interval has passed, no matter when."""
    os.utime(path, (1, 1))
    command = [sys.executable, "-c", ASKING, str(path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in running:
        output, _ = process.communicate(timeout=LONG)
        lines = output.splitlines()
        assert process.returncode == 0
        assert "1 1" in lines
        assert set(lines) <= {"0 0", "1 1"}


class Place:
    """A location that builds the matrix itself, like the editor's database."""

    shown = "place:here"
    slow = True
    spread = False

    def __init__(self, *, inline=False):
        self.inline = inline
        self.tests = {}
        self.version = 0
        self.threads = []
        self.fails = False

    def publish(self, **tests):
        self.version += 1
        self.tests = {**self.tests, **tests}

    def changed(self, token):
        return not self.inline or token != self.version

    def read(self, token):
        self.threads.append(threading.current_thread())
        if self.fails:
            raise SourceError("it is down")
        if token == self.version:
            return None
        return ReadMatrix(Matrix(Audit(f"v-{self.version}"), dict(self.tests)), self.version)


def source_at(place, **options):
    return MatrixLoader(
        "place:here",
        build=lambda matrix: matrix,
        locations={"place": lambda text: place},
        reload_interval=math.inf,
        wait=LONG,
        **options,
    )


def test_a_place_of_its_own_is_read_in_the_loaders_thread():
    place = Place()
    place.publish(a=1)
    source = source_at(place)
    assert source.current().proctor.tests == {"a": 1}
    assert place.threads[0] is not threading.current_thread()


def test_a_refresh_does_not_wait_for_the_next_look():
    place = Place()
    place.publish(a=1)
    source = source_at(place)
    source.current()
    place.publish(b=2)
    assert source.current().proctor.tests == {"a": 1}
    source.refresh()
    assert source.current().proctor.tests == {"a": 1, "b": 2}
    assert source.current().matrix_version == "v-2"


def test_a_failed_refresh_keeps_the_matrix(caplog):
    place = Place()
    place.publish(a=1)
    source = source_at(place)
    source.current()
    place.fails = True
    for _ in range(3):
        source.refresh()
    assert source.current().proctor.tests == {"a": 1}
    assert caplog.text.count("it is down") == 1


def test_a_refresh_during_an_attempt_is_made_up_for():
    place, began, go_on = Place(), threading.Event(), threading.Event()
    place.publish(a=1)
    read = place.read

    def slowly(token):
        found = read(token)
        began.set()
        assert go_on.wait(30)
        return found

    place.read = slowly
    source = source_at(place)
    waiting = threading.Thread(target=source.current)
    waiting.start()
    assert began.wait(30)
    place.publish(b=2)
    refreshing = threading.Thread(target=source.refresh)
    refreshing.start()
    while not source._crews[os.getpid()].again:
        pass
    go_on.set()
    waiting.join()
    refreshing.join()
    source.current()
    source.refresh()
    assert source.current().proctor.tests == {"a": 1, "b": 2}


def test_an_inline_place_is_read_by_the_caller_as_soon_as_it_has_changed():
    place = Place(inline=True)
    place.publish(a=1)
    source = source_at(place)
    assert not source.has_matrix
    assert source.current().proctor.tests == {"a": 1}
    assert source.has_matrix
    source.current()
    place.publish(b=2)
    assert not source.has_matrix
    assert source.current().proctor.tests == {"a": 1, "b": 2}
    assert place.threads == [threading.current_thread()] * 2


def test_what_an_inline_place_held_does_not_outlive_a_failure():
    place = Place(inline=True)
    place.publish(a=1)
    source = source_at(place)
    source.current()
    place.fails = True
    place.publish(b=2)
    with pytest.raises(SourceError, match="it is down"):
        source.current()
    place.fails = False
    assert source.current().proctor.tests == {"a": 1, "b": 2}
