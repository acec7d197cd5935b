"""What is answered: a status, headers and a body, in Pipet's envelope or as HTML."""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from http import HTTPStatus
from typing import Any, NamedTuple

from proctor.core.frozen import thaw
from proctor.core.rules.values import Float

__all__ = ["Reply", "data", "error", "java_json", "page", "plain"]

JSON = "application/json;charset=UTF-8"
HTML = "text/html;charset=utf-8"


class Reply(NamedTuple):
    """One answer, complete but for what a server adds."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


_ENVELOPED = (("Content-Type", JSON), ("Cache-Control", "no-store"))
_PLAIN = (("Content-Type", JSON),)


def data(text: str) -> Reply:
    """A success, with the JSON *text* as its data  [JsonResult]."""
    body = f'{{"data":{text},"meta":{{"status":200}}}}'
    return Reply(200, _ENVELOPED, body.encode("ascii"))


def error(status: int, message: str) -> Reply:
    """A failure, with its message  [JsonResult]."""
    meta = java_json({"status": status, "error": message})
    return Reply(status, _ENVELOPED, f'{{"data":{{}},"meta":{meta}}}'.encode("ascii"))


def plain(text: str) -> Reply:
    """A success without the envelope."""
    return Reply(200, _PLAIN, text.encode("ascii"))


def page(status: int, *headers: tuple[str, str]) -> Reply:
    """What the Java's container answers by itself: a page for people."""
    title = f"{status} {HTTPStatus(status).phrase}"
    body = f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1></html>\n"
    return Reply(status, (("Content-Type", HTML), *headers), body.encode("ascii"))


def java_json(value: Any) -> str:
    """*value* as JSON; NaN and infinities are texts, as Jackson writes them."""
    return json.dumps(_plain_value(value), allow_nan=False, separators=(",", ":"))


def _plain_value(value: Any) -> Any:
    """What `json` writes as the Java does."""
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return _shortest(value) if isinstance(value, Float) else float(value)
    if value is None or isinstance(value, (str, int)):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain_value(dataclasses.asdict(value))
    value = thaw(value)
    if isinstance(value, dict):
        return {str(key): _plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain_value(item) for item in value]
    return str(value)


def _shortest(value: float) -> float:
    """The shortest decimal that is this number in single precision: 1.1, not 1.10000002384."""
    for digits in range(6, 10):
        text = float(f"{value:.{digits}g}")
        if struct.pack("f", text) == struct.pack("f", value):
            return text
    return value
