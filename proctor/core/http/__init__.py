"""Calls over HTTP that are over in time: the deadline, and bodies that are bounded.

Nothing here is imported before it is needed: it imports requests.
"""

from __future__ import annotations
