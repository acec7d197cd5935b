"""The mail settings, in the form that the installed version of Django uses."""

from __future__ import annotations

import django

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


def send_mail_by(settings, backend=LOCMEM):
    """Set the mail settings of this version of Django."""
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": backend}}
    else:
        settings.EMAIL_BACKEND = backend
