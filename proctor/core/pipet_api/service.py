"""Pipet's resources, and what each answers  [RestController, CoreConfig]."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from proctor.core.definitions import complete_document, plain_doubles
from proctor.core.exceptions import IdentifierError, MatrixLoadError, SourceError
from proctor.core.forcing import ForceGroups
from proctor.core.frozen import thaw
from proctor.core.pipet_api import replies
from proctor.core.pipet_api.query import QueryTooLarge, read_query
from proctor.core.pipet_api.replies import Reply, java_json
from proctor.core.pipet_api.visitors import (
    CONTEXT,
    IDENTIFIER,
    BadRequest,
    VisitorReader,
    key_of,
)
from proctor.core.variables import TEST_TYPES

if TYPE_CHECKING:
    from proctor.core.engine import Proctor
    from proctor.core.groups import GroupAssignment
    from proctor.core.matrix import Audit
    from proctor.core.pipet_api.visitors import Headers
    from proctor.core.reloading import Snapshot
    from proctor.core.source_keys import ContextVariable
    from proctor.core.sources import MatrixSource

__all__ = ["MAX_TESTS", "PipetService"]

#: Names in the parameter `test`.
MAX_TESTS = 2000

_ONLY_GET = (("Allow", "GET"),)

#: What Tomcat takes out of a path: `;jsessionid=1`.
_PATH_PARAMETER = re.compile(rb";[^/]*")


class PipetService:
    """Answers requests as a Pipet does, from the matrix of a source.

    Each answer is from one version of the matrix, the one that the source has when the
    request comes. With *all_tests* False a request that names no tests gets none (Java: the
    property proctor.pipet.identify.all.disable). Safe for threads.
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

    def handle(self, method: str, path: bytes, query: bytes, header: Headers) -> Reply:
        """The answer to a request. Never an exception.

        *path* is as it came, percent-encoded, and begins where the API does; *query* is
        what stands behind the question mark; *header* gives the first header of a name.
        """
        reply = self._reply(method, path, query, header)
        return reply._replace(body=b"") if method == "HEAD" else reply

    def _reply(self, method: str, path: bytes, query: bytes, header: Headers) -> Reply:
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

    # -- the matrix -----------------------------------------------------------------------

    def _current(self) -> _Documents:
        """What there is of the current matrix. Raises SourceError."""
        snapshot = self._source.current()
        documents = self._documents
        if documents is None or documents.proctor is not snapshot.proctor:
            documents = self._documents = _Documents(snapshot)
        return documents

    def _audit(self) -> Reply:
        try:
            return replies.data(self._current().audit)
        except SourceError:
            return replies.data("null")

    def _matrix(self) -> Reply:
        try:
            return replies.plain(self._current().matrix())
        except SourceError as failure:
            return _no_matrix(failure)

    def _definition(self, test: str) -> Reply:
        try:
            proctor = self._current().proctor
        except SourceError as failure:
            return _no_matrix(failure)
        if test not in proctor.loaded_names:
            return replies.error(404, f"'{test}' test definition not found in test matrix.")
        return replies.data(java_json(complete_document(proctor.definition(test))))

    # -- groups ---------------------------------------------------------------------------

    def _identify(self, query: bytes, header: Headers) -> Reply:
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
            # The last one is a stack trace in HTML, with the status 500, in the Java.
            return replies.error(400, str(refusal))
        return replies.data(
            f'{{"groups":{{{",".join(texts)}}},"context":{java_json(visitor.converted)},'
            f'"audit":{documents.audit}}}'
        )

    def _tests(self, names: str | None) -> tuple[str, ...] | None:
        """The tests that a request wants; None for all."""
        if names is None:
            return None if self._all_tests else ()
        tests = tuple(filter(None, map(str.strip, names.split(","))))
        if len(tests) > MAX_TESTS:
            raise BadRequest(
                f"The request names {len(tests)} tests, and at most {MAX_TESTS} are read."
            )
        return tests


class _Documents:
    """What is printed of one version of the matrix, each thing once."""

    #: Assignments whose text is kept; a matrix shares its own.
    KEPT = 20_000

    def __init__(self, snapshot: Snapshot[Proctor]) -> None:
        self.proctor = snapshot.proctor
        self.audit = java_json(_audit(self.proctor.matrix.audit))
        self._matrix: str | None = None
        self._groups: dict[tuple[str, int], tuple[GroupAssignment, str]] = {}

    def matrix(self) -> str:
        """The whole of it, with the tests that are evaluated."""
        if self._matrix is None:
            proctor = self.proctor
            tests = {
                name: plain_doubles(complete_document(proctor.definition(name)))
                for name in proctor.loaded
            }
            self._matrix = f'{{"audit":{self.audit},"tests":{java_json(tests)}}}'
        return self._matrix

    def group(self, test: str, assignment: GroupAssignment) -> str:
        """A member of `groups`  [JsonTestBucket]."""
        if assignment.forced:
            return f"{java_json(test)}:{java_json(_bucket(assignment))}"  # made for this request
        # By identity; what is kept stays alive, so that its id is no other's.
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
    """Pipet forces groups by name; modes for the other tests mean nothing to it."""
    return ForceGroups(ForceGroups.parse(text).groups) if text else None


def _reads(method: str) -> bool:
    return method in ("GET", "HEAD")


def _not_allowed() -> Reply:
    return replies.page(405, *_ONLY_GET)


def _no_matrix(failure: SourceError) -> Reply:
    return replies.error(500, f"Could not get Proctor from loader: {_java_words(failure)}")


def _java_words(failure: BaseException) -> str:
    """What the Java's loader says of a failure, where that is known."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, FileNotFoundError):
            return f"File {cause.filename} does not exist"
        if isinstance(cause, MatrixLoadError):
            said = [each.java_message for each in cause.problems if each.java_message]
            return said[0] if said else str(cause)
        cause = cause.__cause__ or cause.__context__
    return str(failure)
