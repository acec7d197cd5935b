"""The specifications of applications, and checks of a matrix against them."""

from __future__ import annotations
