"""Evaluate tests as feature flags, in OpenFeature's terms but without its SDK.

Each test is a flag, and the visitor's group is the flag's variant. `proctor.openfeature` uses this
package to serve flags to the SDK, and `proctor.core.ofrep` to serve them over OpenFeature's remote
protocol.
"""

from __future__ import annotations
