"""Serves the shop of DJANGO_SETTINGS_MODULE with the strictest CSP: `strict_shop PORT`."""

from __future__ import annotations

import sys
from wsgiref.simple_server import make_server

from django.core.wsgi import get_wsgi_application

from tests.live.editor_shop import Quiet, Server, strict

if __name__ == "__main__":
    application = strict(get_wsgi_application())
    make_server("127.0.0.1", int(sys.argv[1]), application, Server, Quiet).serve_forever()
