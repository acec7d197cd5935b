"""Tests as feature flags in OpenFeature's terms, without its SDK.

A flag is a test, and its variant is the group. `proctor.openfeature` uses this to answer the SDK,
and `proctor.core.ofrep` to answer OpenFeature's remote protocol.
"""

from __future__ import annotations
