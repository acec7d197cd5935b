"""A matrix in an object store such as S3, read through fsspec.

fsspec has no time limit for a whole read, and its errors can contain URLs with credentials.
Therefore each read runs in a thread that is abandoned after the time limit, and fsspec's error
messages are not shown.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.core.exceptions import ConfigurationError, SourceError
from proctor.core.messages import did_you_mean, error_place
from proctor.core.sources.documents import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ObjectLocation", "has_credentials", "is_object_address", "public_address"]

#: If this many abandoned reads are still running, no new read is started.
MAX_LATE = 3

#: Number of attempts to read an object that is being replaced.
TRIES = 3

#: If an object was modified less than this many seconds ago, it can change again within the same
#: step of the store's clock.
_YOUNG_SECONDS = 2.0

#: fsspec lists these as stores, but they read local files or wrap a different file system.
_NO_STORES = frozenset(
    (
        *("async_wrapper", "asynclocal", "blockcache", "cached", "data", "dir", "file"),
        *("filecache", "generic", "libarchive", "local", "reference", "simplecache"),
        *("tar", "zip"),
    )
)

#: In URLs with these schemes, the part before @ is a container and not a credential.
_WITH_CONTAINERS = ("abfs", "abfss", "az")

#: The names under which stores report an object's version and its last modification time.
_ETAGS = ("ETag", "etag", "generation")
_TIMES = ("LastModified", "last_modified", "Last-Modified", "updated", "mtime", "modified")


class _Token(NamedTuple):
    """Identifies one version of an object."""

    etag: object
    modified: float | None
    size: object


class ObjectLocation:
    """An object in a store that fsspec can read. Its ETag shows whether it has changed.

    Each process creates its own client on its first read, so clients are never shared across a
    fork. After a failure, a new client is created. Credentials and options come from the store's
    own library and from fsspec's configuration.
    """

    slow = True
    inline = False
    spread = True

    def __init__(self, url: str, *, timeout: float, max_bytes: int) -> None:
        self.shown = public_address(url)
        scheme, _, rest = url.partition("://")
        if not rest or rest.endswith("/"):
            raise ConfigurationError(
                f"{self.shown!r} does not name an object: "
                "expected a URL like s3://bucket/matrix.json"
            )
        # Import fsspec here, not in the reading thread. Otherwise, a process forked during the
        # import would keep the module's lock forever.
        self._open = _opener(scheme, self.shown)
        self._url = url
        self._timeout = timeout
        self._max_bytes = max_bytes
        #: The process that created the client, the client, and the object's path in the store.
        self._client: tuple[int, Any, str] | None = None
        self._late: list[threading.Thread] = []

    def changed(self, token: object) -> bool:
        """Return True, because only the store knows whether the object has changed."""
        return True

    def read(self, token: object) -> Document | None:
        """Return the object, or None if it still matches *token*. Raises SourceError."""
        self._late = [each for each in self._late if each.is_alive()]
        if len(self._late) >= MAX_LATE:
            raise self._too_slow()
        outcome: list[Document | SourceError | None] = []
        thread = threading.Thread(
            target=lambda: outcome.append(self._outcome(token)),
            name="proctor-object-store",
            daemon=True,
        )
        thread.start()
        thread.join(self._timeout)
        if not outcome:
            self._late.append(thread)
            self._client = None
            raise self._too_slow()
        (found,) = outcome
        if isinstance(found, SourceError):
            self._client = None
            raise found
        return found

    def _outcome(self, token: object) -> Document | SourceError | None:
        """Return the result of one read, or the error.

        The error has no cause, because the cause could contain credentials.
        """
        try:
            return self._read(token)
        except SourceError as error:
            return error
        except BaseException as error:  # noqa: BLE001 - the store's library may raise anything
            return SourceError(f"Cannot read {self.shown!r}: {_words(error)}")

    def _read(self, known: object) -> Document | None:
        filesystem, path = self._opened()
        for _ in range(TRIES):
            token, size = _described(filesystem.info(path))
            if token is not None and token == known:
                return None
            self._refuse_size(size)
            with filesystem.open(path, "rb", cache_type="none") as file:
                content = file.read(self._max_bytes + 1)
            self._refuse_size(len(content))
            if _described(filesystem.info(path)) == (token, size):
                return Document(content, token)
        return Document(content, None)

    def _opened(self) -> tuple[Any, str]:
        client = self._client
        if client is None or client[0] != os.getpid():
            filesystem, path = self._open(
                self._url, use_listings_cache=False, skip_instance_cache=True
            )
            client = self._client = (os.getpid(), filesystem, path)
        return client[1:]

    def _refuse_size(self, size: object) -> None:
        if isinstance(size, int) and size > self._max_bytes:
            raise SourceError(
                f"Cannot read {self.shown!r}: it is larger than {self._max_bytes} bytes; if that "
                f"is intended, raise max_bytes"
            )

    def _too_slow(self) -> SourceError:
        return SourceError(
            f"Cannot read {self.shown!r}: it took longer than {self._timeout:g} seconds in total"
        )


def is_object_address(text: str) -> bool:
    """Return True if *text* is a URL with a scheme other than http or https."""
    scheme, separator, _ = text.partition("://")
    return bool(separator) and "/" not in scheme and scheme.lower() not in ("http", "https")


def has_credentials(url: str) -> bool:
    """Return True if an object's URL contains a user name or a password."""
    bare = url.partition("?")[0].partition("#")[0]
    return public_address(bare) != bare


def public_address(url: str) -> str:
    """Return an object's URL without its user name, password, query or fragment."""
    scheme, separator, rest = url.partition("://")
    rest = rest.partition("?")[0].partition("#")[0]
    host, slash, path = rest.partition("/")
    user, at, bare = host.rpartition("@")
    if at and (scheme not in _WITH_CONTAINERS or ":" in user):
        host = bare
    return f"{scheme}{separator}{host}{slash}{path}"


def _opener(scheme: str, shown: str) -> Callable[..., tuple[Any, str]]:
    """Return fsspec's function that maps a URL to a client and to the path for that client.

    Raises ConfigurationError for an unsupported scheme; the message names the package to install.
    """
    if scheme in _NO_STORES or "::" in scheme:
        raise ConfigurationError(
            f"A matrix cannot be read from {scheme[:80]!r} URLs; give a path, an http(s) URL or "
            "an object store such as s3://bucket/matrix.json"
        )
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - an extra
        from fsspec.registry import (  # noqa: PLC0415
            get_filesystem_class,
            known_implementations,
            registry,
        )
    except ImportError:
        raise ConfigurationError(
            f"A matrix at {shown!r} needs fsspec: pip install 'django-proctor[remote]', and the "
            "package of the store, such as s3fs for s3://"
        ) from None
    known = {*known_implementations, *registry} - _NO_STORES
    if scheme not in known:
        guess = did_you_mean(scheme, sorted(known))
        raise ConfigurationError(
            f"A matrix cannot be read from {scheme[:80]!r} URLs{guess}; "
            "give a path, an http(s) URL or an object store that fsspec knows, such as s3://"
        )
    try:
        get_filesystem_class(scheme)
    except ImportError as error:
        raise ConfigurationError(f"Cannot read a matrix at {shown!r}: {error}") from None
    opener: Callable[..., tuple[Any, str]] = url_to_fs
    return opener


def _described(info: Mapping[str, Any]) -> tuple[_Token | None, object]:
    """Return the token and the size from a store's metadata. The token can be None."""
    size = info.get("size")
    etag = next((info[name] for name in _ETAGS if info.get(name)), None)
    times = (_timestamp(info.get(name)) for name in (*_TIMES, "created"))
    modified = next((each for each in times if each is not None), None)
    if modified is not None and time.time() - modified < _YOUNG_SECONDS:
        return None, size
    if etag is None and modified is None:
        return None, size
    return _Token(etag, modified, size), size


def _timestamp(value: object) -> float | None:
    """Return a time as seconds since 1970. Stores return times in different formats."""
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return None


def _parsed(text: str) -> datetime | None:
    try:
        # Python 3.10 cannot parse the Z.
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None


def _words(error: BaseException) -> str:
    """Describe an error without using its message, which can contain credentials."""
    if isinstance(error, FileNotFoundError):
        return "the object does not exist"
    if isinstance(error, PermissionError):
        return "access denied; check the credentials of this process"
    if isinstance(error, IsADirectoryError):
        return "it is a folder; give the URL of an object in the folder"
    return error_place(error)
