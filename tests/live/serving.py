"""Runs `python -m proctor serve`, and a Django site next to it, as processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.live.pipet import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


class Process:
    """A server on a port of the loopback interface, and its output."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, output: Path) -> None:
        self.process = process
        self.port = port
        self.root = f"http://127.0.0.1:{port}"
        self._output = output

    @property
    def output(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> int:
        """Tell the process to stop, wait, and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextlib.contextmanager
def running(
    command: list[str],
    port: int,
    ready: str,
    output: Path,
    *,
    patience: int = 30,
    **environment: str,
) -> Iterator[Process]:
    """Run a command that listens on a port; yield once the path *ready* answers with any status.

    *patience* is the longest time to wait for that, in seconds.
    """
    with output.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        server = Process(process, port, output)
        try:
            _wait(server, ready, patience)
            yield server
        finally:
            server.stop()


def _wait(server: Process, ready: str, patience: int) -> None:
    ends = time.monotonic() + patience
    while True:
        assert server.process.poll() is None, f"it ended at once:\n{server.output}"
        assert time.monotonic() < ends, f"it does not answer:\n{server.output}"
        try:
            urlopen(f"{server.root}{ready}", timeout=5).close()
        except HTTPError as answer:
            answer.close()
        except OSError:
            time.sleep(0.05)
            continue
        return


def proctor_serve(
    output: Path, matrix: object, *arguments: str
) -> contextlib.AbstractContextManager[Process]:
    """Run `python -m proctor serve MATRIX …` on a free port."""
    port = free_port()
    command = [sys.executable, "-m", "proctor", "serve", str(matrix), "--port", str(port)]
    return running([*command, *arguments], port, "/healthz", output)
