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
from proctor.core.reloading import MatrixLoader
from tests.core.httpserver import Reply, serving

LONG = 30.0


def matrix(version="1", *names):
    tests = dict.fromkeys(names)
    return json.dumps({"audit": {"version": version}, "tests": tests}).encode()


def replace(path, content):
    """Put a new file in the old one's place, as deployments do."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


def eventually(condition):
    """Wait until it holds; a test that never gets there fails by its assertion."""
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
    """Sources that look at every call, and are closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(location, **options):
            options = {"build": lambda matrix: matrix, "reload_interval": 0, **options}
            return stack.enter_context(MatrixLoader(location, **options))

        yield make
    # What still runs must not log into the next test.
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
    with pytest.raises(SourceError, match="no regular file"):
        make(tmp_path).current()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_not_waited_for(make, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="no regular file"):
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


# When the new matrix cannot be had


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
    eventually(lambda: source.current() and "well again" in caplog.text)
    for _ in range(20):
        source.current()
    assert caplog.text.count("well again") == 1


def test_the_old_content_put_back_is_a_recovery(make, path, caplog):
    caplog.set_level(logging.INFO)
    failures = []
    source = make(path, on_failure=failures.append)
    source.current()
    replace(path, b"[]")
    eventually(lambda: source.current() and failures)
    replace(path, matrix("1"))
    assert eventually(lambda: source.current() and "well again" in caplog.text)


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
        {"location": "ftp://example.com/matrix.json"},
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
    first = Reply(matrix("1"), headers={"ETag": '"one"', "Last-Modified": "yesterday"})
    with serving(first, Reply(status=304)) as server:
        source = make(server.url)
        source.current(LONG)
        eventually(lambda: source.current() and len(server.requests) >= 2)
        headers = server.requests[1]
        assert (headers["If-None-Match"], headers["If-Modified-Since"]) == ('"one"', "yesterday")


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
        with pytest.raises(SourceError, match="no matrix yet"):
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
    built = []
    start = threading.Barrier(16)

    def build(matrix):
        built.append(matrix)
        time.sleep(0.05)
        return matrix

    source = make(path, build=build, reload_interval=LONG)
    found = []

    def ask():
        start.wait()
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
    """What *ask* answers in a forked process."""
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
# Forking with threads alive is what servers do and what these tests are for.
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
        "from proctor.core.reloading import MatrixLoader\n"
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
