"""Responses: a status, headers and a body, in Pipet's envelope or as HTML."""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from http import HTTPStatus
from typing import Any

from proctor.core.api_reply import ApiReply
from proctor.core.java.encodable import encodable
from proctor.core.java.frozen import thaw
from proctor.core.java.values import Float

__all__ = ["data", "error", "java_json", "page", "plain"]

JSON = "application/json;charset=UTF-8"
HTML = "text/html;charset=utf-8"


_ENVELOPED = (("Content-Type", JSON), ("Cache-Control", "no-store"))
_PLAIN = (("Content-Type", JSON),)


def data(text: str) -> ApiReply:
    """Return a success response with the JSON *text* as its data  [JsonResult]."""
    body = f'{{"data":{text},"meta":{{"status":200}}}}'
    return ApiReply(200, _ENVELOPED, body.encode("ascii"))


def error(status: int, message: str) -> ApiReply:
    """Return a failure response with its message  [JsonResult]."""
    meta = java_json({"status": status, "error": message})
    return ApiReply(status, _ENVELOPED, f'{{"data":{{}},"meta":{meta}}}'.encode("ascii"))


def plain(text: str) -> ApiReply:
    """Return a success response without the envelope."""
    return ApiReply(200, _PLAIN, text.encode("ascii"))


def page(status: int, *headers: tuple[str, str]) -> ApiReply:
    """Return the HTML error page of Java Proctor's servlet container."""
    title = f"{status} {HTTPStatus(status).phrase}"
    body = f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1></html>\n"
    return ApiReply(status, (("Content-Type", HTML), *headers), body.encode("ascii"))


def java_json(value: Any) -> str:
    """Return *value* as JSON. NaN and infinities become strings, as Jackson writes them."""
    return json.dumps(_plain_value(value), allow_nan=False, separators=(",", ":"))


def _plain_value(value: Any) -> Any:
    """Return a JSON value as Java Proctor writes it."""
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return _shortest(value) if isinstance(value, Float) else float(value)
    if isinstance(value, str):
        return encodable(value)
    if value is None or isinstance(value, int):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain_value(dataclasses.asdict(value))
    value = thaw(value)
    if isinstance(value, dict):
        return {encodable(str(key)): _plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain_value(item) for item in value]
    return encodable(str(value))


def _shortest(value: float) -> float:
    """Return the shortest decimal for a single-precision number: 1.1 and not 1.10000002384."""
    for digits in range(6, 10):
        text = float(f"{value:.{digits}g}")
        if struct.pack("f", text) == struct.pack("f", value):
            return text
    return value
