"""`serve`: serve Pipet's API and OpenFeature flags, without Java and without Django."""

from __future__ import annotations

import argparse
import json
import math
import os
from typing import TYPE_CHECKING, Any

from proctor.cli.errors import CommandError
from proctor.core.exceptions import ConfigurationError
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.messages import nearest
from proctor.core.sources.locations import location_of

if TYPE_CHECKING:
    from typing import TextIO

    from proctor.core.inputs.variables import Variables

DESCRIPTION = "Serve the REST API of Proctor's Pipet, and OpenFeature's OFREP, from a matrix."

EPILOG = """\
The server is uvicorn, which comes with django-proctor[serve]. GET /healthz answers 200 once there
is a matrix, and 503 until then. After SIGTERM, running requests have at most --graceful seconds to
finish. Every request is logged as one line, without its query.
"""

#: Seconds between two checks of the matrix, as in Java Proctor.
RELOAD = 10.0

#: The default test type for targeting keys.
TARGETING_KEY = "USER"

#: Default limits for each process. A query can be 16 KiB long, so the limit for headers is higher.
#: The number of connections is below the usual limit of 1,024 open files in a process.
CONNECTIONS, HEADERS, REQUEST_SECONDS, KEEP_ALIVE = 800, 32 * 1024, 10, 5


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser(
        "serve",
        help=DESCRIPTION,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "matrix",
        metavar="MATRIX",
        help="a path, an http(s) URL or an address such as s3://bucket/matrix.json",
    )
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        help="a file with a bearer token for the URL, such as one from the editor",
    )
    parser.add_argument("--config", metavar="FILE", help="a pipet-config.json")
    parser.add_argument(
        "--test-type",
        action="append",
        default=[],
        metavar="NAME",
        help="a test type besides Proctor's own; may be repeated",
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=_port, default=8080, help="the port; 0 for any free port")
    parser.add_argument(
        "--workers", type=_count, default=1, metavar="N", help="number of server processes"
    )
    parser.add_argument(
        "--reload",
        type=_seconds,
        default=RELOAD,
        metavar="SECONDS",
        help="seconds between two checks of the matrix (default: %(default)s)",
    )
    parser.add_argument(
        "--graceful",
        type=_count,
        default=10,
        metavar="SECONDS",
        help="seconds to wait for running requests when the server is stopped",
    )
    parser.add_argument(
        "--all-tests-disabled",
        action="store_true",
        help="return no tests for a request that names no tests "
        "(Java Proctor's proctor.pipet.identify.all.disable)",
    )
    _add_flags(parser)
    _add_limits(parser)
    parser.add_argument("--no-access-log", action="store_true", help="log no requests")
    parser.set_defaults(run=run)


def _add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--targeting-key",
        metavar="TYPE",
        help="the test type of OpenFeature's targetingKey (default: USER)",
    )
    parser.add_argument(
        "--specification",
        metavar="FILE",
        help="the specification of an application; only its tests become flags",
    )
    parser.add_argument(
        "--cors-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="an origin whose pages may request flags, such as https://shop.example.com; "
        "may be repeated",
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    for option, default, metavar, words in (
        ("--limit-connections", CONNECTIONS, "N", "maximum number of connections per process"),
        ("--limit-headers", HEADERS, "BYTES", "maximum size of a request's headers"),
        (
            "--request-timeout",
            REQUEST_SECONDS,
            "SECONDS",
            "time limit for a client to send a request, and to start reading the response",
        ),
        ("--keep-alive", KEEP_ALIVE, "SECONDS", "how long an idle connection is kept open"),
    ):
        parser.add_argument(option, type=_count, default=default, metavar=metavar, help=words)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Serve until the process is stopped. Return the exit code."""
    del out
    try:
        import uvicorn  # noqa: PLC0415 - an extra

        from proctor.cli.serve_limits import ENVIRONMENT as LIMITS  # noqa: PLC0415 - imports it
        from proctor.cli.serve_limits import Limits  # noqa: PLC0415
    except ImportError as error:
        raise CommandError(
            "serve needs a server: pip install 'django-proctor[serve]', which installs uvicorn"
        ) from error
    # Read the configuration here, so that errors are reported once, not by each worker.
    from proctor.core.pipet_api.asgi import (  # noqa: PLC0415
        ENVIRONMENT,
        read_tests,
        read_token,
        read_variables,
    )

    variables = read_variables(options.config, options.test_type)
    targeting_key = _source_key(options.targeting_key, variables, options.test_type)
    try:
        read_token(options.token_file)
        read_tests(options.specification)
        location_of(options.matrix, timeout=1, max_bytes=1)
    except ConfigurationError as error:
        raise CommandError(str(error)) from error
    os.environ[ENVIRONMENT] = json.dumps(
        {
            "matrix": options.matrix,
            "token_file": options.token_file,
            "config": options.config,
            "test_types": options.test_type,
            "reload": options.reload,
            "all_tests": not options.all_tests_disabled,
            "access_log": not options.no_access_log,
            "specification": options.specification,
            "targeting_key": targeting_key,
            "origins": options.cors_origin,
        }
    )
    limits = Limits(
        options.limit_connections, options.limit_headers, float(options.request_timeout)
    )
    os.environ[LIMITS] = json.dumps(limits._asdict())
    uvicorn.run(
        "proctor.core.pipet_api.asgi:from_environment",
        factory=True,
        host=options.host,
        port=options.port,
        workers=options.workers,
        # uvicorn's own access log would contain the query, which identifies visitors.
        access_log=False,
        server_header=False,
        ws="none",
        # Passed by name, because each worker process imports the application itself.
        http="proctor.cli.serve_limits:LimitedProtocol",
        timeout_keep_alive=options.keep_alive,
        timeout_graceful_shutdown=options.graceful,
    )
    return 0


def _source_key(given: str | None, variables: Variables, test_types: list[str]) -> str:
    """Return the source key for targeting keys. By default, it is the source key for USER.

    Raises CommandError if no test could use an identifier with this source key.
    """
    known = (*TEST_TYPES, *test_types)
    name = TARGETING_KEY if given is None else given
    key = variables.source_key(name, known)
    if key is None:
        if given is None:
            return name  # A server without flags does not need a source key.
        declared = [each.test_type for each in variables.identifier_variables]
        raise CommandError(
            f"--targeting-key {name!r} is not the source key of a test type: "
            f"{nearest(name, declared or known)}"
        )
    return key


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not a port: expected 0 to 65535")
    return port


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count} is too few: expected 1 or more")
    return count


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, got {text!r}")
    return seconds
