"""HTTP calls with a deadline and a limit on the size of responses.

Import these modules only when they are needed, because they import the requests library.
"""

from __future__ import annotations
