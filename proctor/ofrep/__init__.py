"""Serve the tests of a Django site as flags to OpenFeature clients in any language.

    path("flags/", include("proctor.ofrep.urls"))

`proctor.core.ofrep` computes the answers; `python -m proctor serve` uses it without Django.
"""

from __future__ import annotations
