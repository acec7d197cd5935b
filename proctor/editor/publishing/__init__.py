"""Publications: the transaction, and the work after its commit."""

from __future__ import annotations
