"""OpenFeature's remote evaluation protocol (OFREP), without a framework.

`python -m proctor serve` and `proctor.ofrep` use it. The protocol is specified in
`service/openapi.yaml` of https://github.com/open-feature/protocol.
"""

from __future__ import annotations
