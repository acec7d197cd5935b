"""The tests that an application declares, and Proctor's specifications for them."""

from __future__ import annotations
