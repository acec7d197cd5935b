"""The REST API of Proctor's Pipet, served by a Django site from its matrix.

    path("pipet/", include("proctor.pipet.urls"))

What it answers is in `proctor.core.pipet_api`, which `python -m proctor serve` runs alone.
"""

from __future__ import annotations
