"""Serves the shop with its editor on a port, with the strictest CSP: `editor_shop PORT`."""

from __future__ import annotations

import os
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

#: Nothing inline, and nothing from other origins.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_args):
        """Log nothing, because a failing test shows the page's text."""


def strict(application):
    """Add the CSP to each response of a WSGI application."""

    def answer(environ, start_response):
        def start(status, headers, *rest):
            kept = [each for each in headers if each[0].lower() != "content-security-policy"]
            return start_response(status, [*kept, ("Content-Security-Policy", POLICY)], *rest)

        return application(environ, start)

    return answer


def main(port, prepare_more=None):
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": os.environ.get("SHOP_SETTINGS", "testproject.settings"),
        "SHOP_DEBUG": "1",
        "SHOP_EDITOR": "1",
    }
    import django

    django.setup()
    from django.conf import settings

    # Short, so that tests do not wait for a due step.
    settings.PROCTOR_MATRIX_RELOAD = 1
    from testproject.shop.first_start import prepare

    prepare()
    if prepare_more is not None:
        prepare_more()
    if port == "prepare":
        return
    from django.core.wsgi import get_wsgi_application

    make_server(
        "127.0.0.1", int(port), strict(get_wsgi_application()), Server, Quiet
    ).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
