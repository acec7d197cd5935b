"""Publications: the transaction, and what happens after its commit."""

from __future__ import annotations
