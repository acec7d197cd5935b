"""Names that an editor accepts for tests, buckets and meta tags [IdentifierValidationUtil].

Letters must be ASCII letters, in upper or lower case. Existing tests can have names that are not
valid, because a test's name is checked only when the test is created.
"""

from __future__ import annotations

import re

__all__ = ["MAX_LENGTH", "is_bucket_name", "is_meta_tag", "is_test_name"]

#: Maximum length of the name of a test or meta tag.
MAX_LENGTH = 100

_TEST = re.compile(r"[a-z]([a-z0-9_]*[a-z_])?|_+([a-z]|[a-z0-9][a-z0-9_]*[a-z_])", re.I | re.A)
_BUCKET = re.compile(r"[a-z_][a-z0-9_]*", re.I | re.A)
_META_TAG = re.compile(r"_*[a-z0-9]([.:]?[a-z0-9_])*", re.I | re.A)


def is_test_name(text: str) -> bool:
    """Return whether a new test can have this name. The length is checked separately."""
    return _TEST.fullmatch(text) is not None


def is_bucket_name(text: str) -> bool:
    """Return whether a bucket can have this name."""
    return _BUCKET.fullmatch(text) is not None


def is_meta_tag(text: str) -> bool:
    """Return whether a test can have this meta tag."""
    return len(text) <= MAX_LENGTH and _META_TAG.fullmatch(text) is not None
