"""The REST API of Proctor's Pipet, served by a Django site from its matrix.

    path("pipet/", include("proctor.pipet.urls"))

`proctor.core.pipet_api` computes the answers; `python -m proctor serve` uses it without Django.
"""

from __future__ import annotations
