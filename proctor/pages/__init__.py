"""What the pages of `proctor.urls` show; the views are in `proctor.views`."""

from __future__ import annotations
