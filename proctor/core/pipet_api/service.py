"""Pipet's endpoints and their responses  [RestController, CoreConfig]."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from proctor.core.exceptions import IdentifierError, MatrixLoadError, SourceError
from proctor.core.inputs.force_groups import ForceGroups
from proctor.core.java.frozen import thaw
from proctor.core.matrices.definitions import complete_document, plain_doubles
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.pipet_api import replies
from proctor.core.pipet_api.query import QueryTooLarge, read_query
from proctor.core.pipet_api.replies import java_json
from proctor.core.pipet_api.visitors import (
    CONTEXT,
    IDENTIFIER,
    BadRequest,
    VisitorReader,
    key_of,
)

if TYPE_CHECKING:
    from proctor.core.api_reply import ApiReply, Headers
    from proctor.core.evaluation.engine import Proctor
    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.core.inputs.source_keys import ContextVariable
    from proctor.core.matrices.matrix import Audit
    from proctor.core.sources.snapshots import Snapshot
    from proctor.core.sources.source import MatrixSource

__all__ = ["MAX_TESTS", "PipetService"]

#: Maximum number of names in the `test` query parameter.
MAX_TESTS = 2000

_ONLY_GET = (("Allow", "GET"),)

#: Parts that Tomcat removes from a path, such as `;jsessionid=1`.
_PATH_PARAMETER = re.compile(rb";[^/]*")


class PipetService:
    """Answers requests as Pipet does, using the matrix that a source provides.

    Each response uses the version of the matrix that is current when the request arrives. If
    *all_tests* is False, a request that names no tests gets no groups (Java: the
    `proctor.pipet.identify.all.disable` property). Thread-safe.
    """

    def __init__(self, source: MatrixSource, *, all_tests: bool = True) -> None:
        self._source = source
        self._all_tests = all_tests
        variables = source.variables
        test_types = (*TEST_TYPES, *source.test_types)
        self._visitors = VisitorReader(variables, test_types)
        self._context_config = java_json(
            {
                each.name: {
                    "source": each.source,
                    "sourceKey": key_of(each, CONTEXT),
                    "type": each.type.java_class,
                    **_default(each),
                }
                for each in variables.context_variables or ()
            }
        )
        self._identifiers_config = java_json(
            {
                each.name or each.test_type: {
                    "source": each.source,
                    "sourceKey": key_of(each, IDENTIFIER),
                }
                for each in variables.identifier_variables
            }
        )
        self._documents: _Documents | None = None

    def handle(self, method: str, path: bytes, query: bytes, header: Headers) -> ApiReply:
        """Return the response to a request. Never raises.

        *path* is percent-encoded, as received, and relative to the API's root; *query* is the part
        after the question mark; *header* returns the first header with a given name.
        """
        reply = self._reply(method, path, query, header)
        return reply._replace(body=b"") if method == "HEAD" else reply

    def _reply(self, method: str, path: bytes, query: bytes, header: Headers) -> ApiReply:
        encoded = _PATH_PARAMETER.sub(b"", path)
        if b"%2f" in encoded.lower() or b"%5c" in encoded.lower():
            return replies.page(400)
        name = unquote_to_bytes(encoded).decode("utf-8", errors="replace").removesuffix("/")
        if name == "/config/context":
            return replies.data(self._context_config)
        if name == "/config/identifiers":
            return replies.data(self._identifiers_config)
        if name == "/groups/identify":
            return self._identify(query, header) if _reads(method) else _not_allowed()
        if name == "/proctor/matrix/audit":
            return self._audit() if _reads(method) else _not_allowed()
        if name == "/proctor/matrix":
            return self._matrix() if _reads(method) else _not_allowed()
        folder, _, test = name.rpartition("/")
        if folder == "/proctor/matrix/definition" and test:
            return self._definition(test) if _reads(method) else _not_allowed()
        return replies.page(404)

    # -- endpoints for the matrix ---------------------------------------------------------

    def _current(self) -> _Documents:
        """Return the current matrix, ready for responses. Raises SourceError."""
        snapshot = self._source.current()
        documents = self._documents
        if documents is None or documents.proctor is not snapshot.proctor:
            documents = self._documents = _Documents(snapshot)
        return documents

    def _audit(self) -> ApiReply:
        try:
            return replies.data(self._current().audit)
        except SourceError:
            return replies.data("null")

    def _matrix(self) -> ApiReply:
        try:
            return replies.plain(self._current().matrix())
        except SourceError as failure:
            return _no_matrix(failure)

    def _definition(self, test: str) -> ApiReply:
        try:
            proctor = self._current().proctor
        except SourceError as failure:
            return _no_matrix(failure)
        if test not in proctor.loaded_names:
            return replies.error(404, f"'{test}' test definition not found in test matrix.")
        return replies.data(java_json(complete_document(proctor.definition(test))))

    # -- endpoint for groups --------------------------------------------------------------

    def _identify(self, query: bytes, header: Headers) -> ApiReply:
        try:
            documents = self._current()
            parameters = read_query(query)
            visitor = self._visitors.read(parameters, header)
            tests = self._tests(parameters.get("test"))
            if tests == ():
                texts: list[str] = []
            else:
                groups = documents.proctor.determine_groups(
                    identifiers=visitor.identifiers,
                    context=visitor.context,
                    force_groups=_forced(parameters.get("prforceGroups")),
                    tests=tests,
                    random_enabled=True,
                )
                texts = [documents.group(name, each) for name, each in groups.to_dict().items()]
        except SourceError as failure:
            return _no_matrix(failure)
        except (BadRequest, QueryTooLarge, IdentifierError) as refusal:
            # For an IdentifierError, Java Proctor returns an HTML stack trace with the status 500.
            return replies.error(400, str(refusal))
        return replies.data(
            f'{{"groups":{{{",".join(texts)}}},"context":{java_json(visitor.converted)},'
            f'"audit":{documents.audit}}}'
        )

    def _tests(self, names: str | None) -> tuple[str, ...] | None:
        """Return the tests that a request names, or None for all tests."""
        if names is None:
            return None if self._all_tests else ()
        tests = tuple(filter(None, map(str.strip, names.split(","))))
        if len(tests) > MAX_TESTS:
            raise BadRequest(
                f"The request names {len(tests)} tests, but at most {MAX_TESTS} are allowed."
            )
        return tests


class _Documents:
    """The JSON for one version of the matrix. Each piece is generated only once."""

    #: Number of assignments whose JSON is cached. All visitors in a group share one assignment
    #: object.
    KEPT = 20_000

    def __init__(self, snapshot: Snapshot[Proctor]) -> None:
        self.proctor = snapshot.proctor
        self.audit = java_json(_audit(self.proctor.matrix.audit))
        self._matrix: str | None = None
        self._groups: dict[tuple[str, int], tuple[GroupAssignment, str]] = {}

    def matrix(self) -> str:
        """Return the matrix as JSON, with only the tests that are evaluated."""
        if self._matrix is None:
            proctor = self.proctor
            tests = {
                name: plain_doubles(complete_document(proctor.definition(name)))
                for name in proctor.loaded
            }
            self._matrix = f'{{"audit":{self.audit},"tests":{java_json(tests)}}}'
        return self._matrix

    def group(self, test: str, assignment: GroupAssignment) -> str:
        """Return the JSON of one test in the `groups` of a response [JsonTestBucket]."""
        if assignment.forced:
            # Not cached, because a forced assignment is a new object in every request.
            return f"{java_json(test)}:{java_json(_bucket(assignment))}"
        # The key contains the object's id. The cached tuple keeps the object alive, so no other
        # object can get the same id.
        kept = self._groups.get((test, id(assignment)))
        if kept is None:
            if len(self._groups) >= self.KEPT:
                self._groups.clear()
            kept = assignment, f"{java_json(test)}:{java_json(_bucket(assignment))}"
            self._groups[test, id(assignment)] = kept
        return kept[1]


def _bucket(assignment: GroupAssignment) -> dict[str, object]:
    bucket: dict[str, object] = {"name": assignment.group, "value": assignment.value}
    if assignment.payload_type is not None:
        value = {assignment.payload_type: thaw(assignment.payload)}
        bucket["payload"] = value if assignment.payload_type else {}
    bucket["version"] = assignment.version
    return bucket


def _audit(audit: Audit) -> dict[str, object]:
    return {
        "version": audit.version,
        "updated": audit.updated,
        "updatedDate": audit.updated_date,
        "updatedBy": audit.updated_by,
    }


def _default(variable: ContextVariable) -> dict[str, str]:
    default = variable.default
    if not variable.has_default or default is None:
        return {}
    return {"defaultValue": default if isinstance(default, str) else java_json(default).strip('"')}


def _forced(text: str | None) -> ForceGroups | None:
    """Return the forced groups in *text*.

    If *text* also sets a mode for all other tests, the mode is left out: Pipet ignores it.
    """
    return ForceGroups(ForceGroups.parse(text).groups) if text else None


def _reads(method: str) -> bool:
    return method in ("GET", "HEAD")


def _not_allowed() -> ApiReply:
    return replies.page(405, *_ONLY_GET)


def _no_matrix(failure: SourceError) -> ApiReply:
    return replies.error(500, f"Could not get Proctor from loader: {_java_words(failure)}")


def _java_words(failure: BaseException) -> str:
    """Return the message with which Java Proctor's loader reports a failure.

    If that message is not known, return the failure's own message.
    """
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, FileNotFoundError):
            return f"File {cause.filename} does not exist"
        if isinstance(cause, MatrixLoadError):
            said = [each.java_message for each in cause.problems if each.java_message]
            return said[0] if said else str(cause)
        cause = cause.__cause__ or cause.__context__
    return str(failure)
