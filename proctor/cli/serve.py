"""`serve`: a Pipet, without Java and without Django."""

from __future__ import annotations

import argparse
import json
import math
import os
from typing import TYPE_CHECKING, Any

from proctor.cli.errors import CommandError
from proctor.core.exceptions import ConfigurationError
from proctor.core.locations import location_of

if TYPE_CHECKING:
    from typing import TextIO

DESCRIPTION = "Serve the REST API of Proctor's Pipet from a matrix."

EPILOG = """\
The server is uvicorn, which comes with django-proctor[serve]. GET /healthz answers 200 once
there is a matrix, and 503 before. SIGTERM lets requests under way end, for --graceful
seconds at most. Every request is a line in the log, without its query.
"""

#: Seconds between two looks at the matrix, as in the Java.
RELOAD = 10.0


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "serve",
        help=DESCRIPTION,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("matrix", metavar="MATRIX", help="a path or an http(s) URL")
    parser.add_argument("--config", metavar="FILE", help="a pipet-config.json")
    parser.add_argument(
        "--test-type",
        action="append",
        default=[],
        metavar="NAME",
        help="a test type besides Proctor's own; may be repeated",
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=_port, default=8080, help="the port; 0 for a free one")
    parser.add_argument(
        "--workers", type=_count, default=1, metavar="N", help="processes that serve"
    )
    parser.add_argument(
        "--reload",
        type=_seconds,
        default=RELOAD,
        metavar="SECONDS",
        help="between two looks at the matrix",
    )
    parser.add_argument(
        "--graceful",
        type=_count,
        default=10,
        metavar="SECONDS",
        help="that requests under way may take when the server is stopped",
    )
    parser.add_argument(
        "--all-tests-disabled",
        action="store_true",
        help="a request that names no tests gets none "
        "(the Java's proctor.pipet.identify.all.disable)",
    )
    parser.add_argument("--no-access-log", action="store_true", help="log no requests")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Serve until the process is told to stop; the result is the exit code."""
    del out
    try:
        import uvicorn  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise CommandError(
            "serve needs a server: pip install 'django-proctor[serve]', which brings uvicorn"
        ) from error
    # What cannot work is told here, and not by each worker.
    from proctor.core.pipet_api.asgi import ENVIRONMENT, read_variables  # noqa: PLC0415

    read_variables(options.config, options.test_type)
    try:
        location_of(options.matrix, timeout=1, max_bytes=1)
    except ConfigurationError as error:
        raise CommandError(str(error)) from error
    os.environ[ENVIRONMENT] = json.dumps(
        {
            "matrix": options.matrix,
            "config": options.config,
            "test_types": options.test_type,
            "reload": options.reload,
            "all_tests": not options.all_tests_disabled,
            "access_log": not options.no_access_log,
        }
    )
    uvicorn.run(
        "proctor.core.pipet_api.asgi:from_environment",
        factory=True,
        host=options.host,
        port=options.port,
        workers=options.workers,
        # Its own would show the query, in which visitors are named.
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=options.graceful,
    )
    return 0


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is no port; give 0 to 65535")
    return port


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count} is too few; give 1 or more")
    return count


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; give seconds above 0")
    return seconds
