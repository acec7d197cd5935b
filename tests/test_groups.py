"""Sessions of django-proctor 1, whose pickles name a class of `proctor.groups`."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from django.core.cache import caches
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from proctor.middleware import BaseProctorMiddleware
from tests.fences import ROOT
from tests.live import pipet as live

#: A session as version 1.2.1 left it, in the protocols 2 and 4 of pickle.
SESSIONS = {
    2: (
        b"\x80\x02}q\x00(X\x06\x00\x00\x00basketq\x01]q\x02K\x07aX\x0c\x00\x00\x00proctorcacheq"
        b"\x03}q\x04(X\n\x00\x00\x00group_dictq\x05}q\x06X\x0e\x00\x00\x00buttoncolortstq\x07"
        b"cproctor.groups\nGroupAssignment\nq\x08X\x04\x00\x00\x00blueq\tK\x01X\x07\x00\x00\x00"
        b"#2B60DEq\n\x87q\x0b\x81q\x0csX\x06\x00\x00\x00paramsq\r}q\x0eX\x0e\x00\x00\x00"
        b"matrix_versionq\x0fX\x01\x00\x00\x001q\x10uu."
    ),
    4: (
        b"\x80\x04\x95\xa3\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x06basket\x94]\x94K\x07a\x8c\x0c"
        b"proctorcache\x94}\x94(\x8c\ngroup_dict\x94}\x94\x8c\x0ebuttoncolortst\x94\x8c\x0e"
        b"proctor.groups\x94\x8c\x0fGroupAssignment\x94\x93\x94\x8c\x04blue\x94K\x01\x8c\x07"
        b"#2B60DE\x94\x87\x94\x81\x94s\x8c\x06params\x94}\x94\x8c\x0ematrix_version\x94\x8c\x01"
        b"1\x94uu."
    ),
}


@pytest.mark.parametrize("protocol", SESSIONS)
def test_a_process_that_has_imported_nothing_can_load_them(protocol):
    program = f"import pickle; print(pickle.loads({SESSIONS[protocol]!r})['proctorcache'])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "GroupAssignment(group='blue', value=1, payload='#2B60DE')" in done.stdout, done.stderr


def test_they_can_be_stored_again():
    session = pickle.loads(SESSIONS[2])
    again = pickle.loads(pickle.dumps(session))
    assert again == session
    assert again["proctorcache"]["group_dict"]["buttoncolortst"] == ("blue", 1, "#2B60DE")


class ByHeader(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "a"}


def basket(request):
    return HttpResponse(f"{request.session.get('basket')} {request.proc.buttoncolortst.group}")


urlpatterns = [path("", basket)]


@pytest.mark.parametrize("protocol", SESSIONS)
def test_a_live_session_goes_on_and_loses_the_old_key(settings, protocol):
    settings.ROOT_URLCONF = __name__
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": f"sessions-of-1-{protocol}",
        }
    }
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        f"{__name__}.ByHeader",
    ]
    settings.PROCTOR_CACHE_METHOD = "session"
    settings.PROCTOR_MATRIX = None
    settings.PROCTOR_TIMEOUT = 10.0
    settings.PROCTOR_TESTS = ("buttoncolortst",)
    client = Client()
    session = client.session
    session["basket"] = [7]
    session.save()
    cache = caches["default"]
    cache._cache[cache.make_key(session.cache_key)] = SESSIONS[protocol]
    with live.serving() as pipet:
        settings.PROCTOR_API_ROOT = pipet.root
        pipet.publish("1", 1000, buttoncolortst=("green", 2))
        assert client.get("/").content == b"[7] green"
    kept = client.session
    assert (kept["basket"], "proctorcache" in kept, "_proctor" in kept) == ([7], False, True)
