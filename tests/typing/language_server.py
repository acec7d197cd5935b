"""A client of basedpyright's language server, over standard input and output."""

from __future__ import annotations

import json
import subprocess
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

__all__ = ["LanguageServer"]

#: Maximum time that the server may run, in seconds.
PATIENCE = 300.0


class LanguageServer:
    """Answers questions about the files in one folder. Use it in a `with`."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._number = 0
        # A server that does not answer would block the tests forever.
        self._watch = threading.Timer(PATIENCE, self._process.kill)
        self._watch.daemon = True

    def __enter__(self) -> Self:
        uri = self._folder.as_uri()
        self._watch.start()
        self._ask(
            "initialize",
            processId=None,
            rootUri=uri,
            workspaceFolders=[{"uri": uri, "name": "site"}],
            capabilities={"workspace": {"configuration": True}},
        )
        self._tell("initialized")
        return self

    def __exit__(self, *exception: object) -> None:
        # The process is a Python process that runs node: only a shutdown by the protocol ends both.
        self._ask("shutdown")
        self._tell("exit")
        self._process.communicate(timeout=PATIENCE)
        self._watch.cancel()

    def completions(self, path: Path, text: str) -> set[str]:
        """Return the completions at the end of *text*, which is the content of the file *path*."""
        uri = path.as_uri()
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self._tell("textDocument/didOpen", textDocument=document)
        lines = text.split("\n")
        position = {"line": len(lines) - 1, "character": len(lines[-1])}
        answer = self._ask("textDocument/completion", textDocument={"uri": uri}, position=position)
        self._tell("textDocument/didClose", textDocument={"uri": uri})
        return {item["label"] for item in (answer or {}).get("items", [])}

    def _ask(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        self._send(id=self._number, method=method, params=parameters)
        while True:
            message = self._receive()
            if "method" in message:
                if "id" in message:
                    self._answer(message)
            elif message.get("id") == self._number:
                return message["result"]

    def _answer(self, message: dict[str, Any]) -> None:
        """Answer a request of the server: there is no configuration, and everything is allowed."""
        items = message.get("params", {}).get("items")
        result = None if items is None else [None] * len(items)
        self._send(id=message["id"], result=result)

    def _tell(self, method: str, **parameters: Any) -> None:
        self._send(method=method, params=parameters)

    def _send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        stdout = self._process.stdout
        assert stdout is not None
        length = 0
        while line := stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server has ended"
        message: dict[str, Any] = json.loads(stdout.read(length))
        return message
