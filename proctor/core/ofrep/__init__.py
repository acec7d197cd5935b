"""OpenFeature's remote evaluation protocol (OFREP), without a framework.

`python -m proctor serve` and `proctor.ofrep` use it. The protocol is specified in
https://github.com/open-feature/protocol, `service/openapi.yaml`.
"""

from __future__ import annotations
