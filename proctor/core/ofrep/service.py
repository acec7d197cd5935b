"""The endpoints of OpenFeature's remote evaluation protocol, and a manifest of the same flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from proctor.core.exceptions import SourceError
from proctor.core.flags.asking import FlagSource, FoundFlag
from proctor.core.flags.errors import FlagError, FlagErrorCode, source_failure
from proctor.core.flags.manifest import declared_flags, manifest_file, manifest_list
from proctor.core.flags.reasons import FlagReason, flag_reason
from proctor.core.flags.values import metadata, untyped_value
from proctor.core.java.encodable import encodable
from proctor.core.ofrep import replies
from proctor.core.ofrep.access import Access, Origins
from proctor.core.ofrep.contexts import MAX_BODY, TARGETING_KEY, read_context
from proctor.core.sources.source import GroupsRequest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from proctor.core.api_reply import ApiReply, Headers
    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.flags.manifest import FlagDeclaration
    from proctor.core.matrices.matrix import TestDefinition
    from proctor.core.sources.source import Source

__all__ = ["FILE", "FLAGS", "MANIFEST", "OfrepService", "decoded"]

#: The path for all flags. For one flag, a slash and the key follow.
FLAGS = "/ofrep/v1/evaluate/flags"
#: The path from which `openfeature pull` reads the flags.
MANIFEST = "/openfeature/v0/manifest"
#: The path of the same flags in the file format that `openfeature generate` reads.
FILE = "/openfeature/v0/manifest.json"

_TOO_LARGE = f"expected a body of at most {MAX_BODY} bytes"


class OfrepService:
    """Answers requests for flags. It never forces groups or records exposures.

    *tests* are the declared tests. Only these tests are served; if *tests* is None, all tests of a
    MatrixSource are served. A context's targeting key is passed to the source under the source key
    *targeting_key*, which is usually a test type. All other attributes are context variables. If
    *all_tests* is False, requests for all flags get an empty list. Immutable; thread-safe if the
    source is.
    """

    def __init__(
        self,
        source: Source,
        *,
        tests: Mapping[str, ProctorTest] | None = None,
        targeting_key: str = "USER",
        all_tests: bool = True,
        access: Access | None = None,
        origins: Collection[str] = (),
    ) -> None:
        self._flags = FlagSource(source)
        self._tests = tests
        self._targeting_key = targeting_key
        self._all_tests = all_tests
        self._access = access or Access(public=True)
        self._origins = Origins(origins)

    @staticmethod
    def serves(path: str) -> bool:
        """Return True if a decoded path belongs to this API."""
        return path == FLAGS or path.startswith(f"{FLAGS}/") or path in (MANIFEST, FILE)

    def handle(self, method: str, path: str, body: bytes, header: Headers) -> ApiReply:
        """Return the answer to a request.

        *path* is decoded and begins at the root of the API. *body* can be truncated to MAX_BODY + 1
        bytes. *header* returns the first header with a given name. Errors become replies.
        """
        if method == "OPTIONS":
            return self._origins.preflight(header)
        if path in (MANIFEST, FILE):
            reply = self._manifest(method, path, header)
        elif self.serves(path):
            reply = self._evaluation(method, path, body, header)
        else:
            reply = replies.refused(404, f"expected {FLAGS}, {FLAGS}/KEY or {MANIFEST}")
        reply = self._origins.marked(replies.conditional(reply, header), header)
        return reply._replace(body=b"") if method == "HEAD" else reply

    # -- endpoints for flags --------------------------------------------------------------

    def _evaluation(self, method: str, path: str, body: bytes, header: Headers) -> ApiReply:
        refusal = self._access.refusal(header)
        if refusal is not None:
            return refusal
        if method != "POST":
            return replies.method_not_allowed("POST", "OPTIONS")
        if len(body) > MAX_BODY:
            return replies.refused(413, _TOO_LARGE)
        key = path.removeprefix(FLAGS).removeprefix("/") or None
        try:
            context = read_context(body)
            return self._all(context) if key is None else self._one(key, context)
        except FlagError as error:
            return replies.failure(error, key)

    def _one(self, key: str, context: dict[str, Any]) -> ApiReply:
        if self._tests is not None and key not in self._tests:
            raise FlagError(FlagErrorCode.FLAG_NOT_FOUND, f"there is no flag {_shown(key)}")
        found = self._flags.one(self._request(context, (key,)), key)
        return replies.success(self._success(key, found))

    def _all(self, context: dict[str, Any]) -> ApiReply:
        names = self._names() if self._all_tests else ()
        if not names:
            return replies.success({"flags": []})
        found = self._flags.many(self._request(context, names), names)
        return replies.success({"flags": [self._entry(key, each) for key, each in found.items()]})

    def _entry(self, key: str, found: FoundFlag | FlagError | None) -> dict[str, Any]:
        if not isinstance(found, FlagError):
            try:
                return self._success(key, found)
            except FlagError as error:
                found = error
        return replies.error_document(found, key)

    def _success(self, key: str, found: FoundFlag | None) -> dict[str, Any]:
        """Return the document for one flag. Visitors without a group get the client's default."""
        declared = None if self._tests is None else self._tests[key]
        found = _fitted(key, found, declared)
        document: dict[str, Any] = {"key": encodable(key)}
        if found is None:
            # If the reply contains no value, clients use the default in their code. Some clients
            # still need a variant.
            variant = None if declared is None else declared.default
            return {
                **document,
                "reason": FlagReason.DEFAULT.value,
                "variant": encodable(variant or ""),
                "metadata": {},
            }
        value = untyped_value(key, found.assignment)
        if value is not None:
            document["value"] = value
        return {
            **document,
            "reason": flag_reason(*found).value,
            "variant": found.assignment.group,
            "metadata": metadata(found.assignment),
        }

    def _request(self, context: dict[str, Any], tests: tuple[str, ...]) -> GroupsRequest:
        attributes = {name: value for name, value in context.items() if name != TARGETING_KEY}
        key = context.get(TARGETING_KEY)
        identifiers = {} if key is None else {self._targeting_key: key}
        return GroupsRequest(identifiers, attributes, tests=tests)

    # -- the flags that are served --------------------------------------------------------

    def _names(self) -> tuple[str, ...]:
        """Return the keys of all flags. Raises FlagError if no matrix is loaded yet."""
        return tuple(sorted(self._definitions() if self._tests is None else self._tests))

    def _definitions(self) -> Mapping[str, TestDefinition]:
        """Return the tests in the matrix, or no tests if the source is not a MatrixSource."""
        if self._flags.matrix is None:
            return {}
        try:
            return self._flags.matrix.current().proctor.matrix.tests
        except SourceError as error:
            raise source_failure(error) from error

    def flags(self) -> list[FlagDeclaration]:
        """Return the flags for the manifest. Raises FlagError if no matrix is loaded yet."""
        definitions = self._definitions()
        names = definitions if self._tests is None else self._tests
        return declared_flags(names, definitions, self._tests or {})

    def _manifest(self, method: str, path: str, header: Headers) -> ApiReply:
        reply = self._access.refusal(header)
        if reply is None and method not in ("GET", "HEAD"):
            reply = replies.method_not_allowed("GET", "HEAD", "OPTIONS")
        if reply is None:
            try:
                flags = self.flags()
            except FlagError as error:
                reply = replies.outage(error, None)
            else:
                write = manifest_list if path == MANIFEST else manifest_file
                reply = replies.success(write(flags))
                return reply._replace(headers=(*reply.headers, ("X-Manifest-Capabilities", "read")))
        return replies.manifest_refusal(reply)


def decoded(path: bytes) -> str:
    """Decode a percent-encoded path to text."""
    return unquote_to_bytes(path).decode("utf-8", errors="replace")


def _fitted(key: str, found: FoundFlag | None, declared: ProctorTest | None) -> FoundFlag | None:
    """Return the group under its declared name, or None if the group is not declared."""
    if found is None or declared is None or declared.takes_all:
        return found
    fitted = declared.fitted(found.assignment)
    if fitted is None:
        return None
    if not declared.accepts_payload(fitted):
        raise FlagError(
            FlagErrorCode.PARSE_ERROR,
            f"the test {key!r} has a payload of type {fitted.payload_type}, but "
            f"{declared.payload_type} is declared",
        )
    return found._replace(assignment=fitted)


def _shown(key: str) -> str:
    return repr(key if len(key) <= 80 else f"{key[:79]}…")
