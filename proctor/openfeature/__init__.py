"""Provide groups as OpenFeature flags. Needs only the engine, not Django or settings.

    from openfeature import api
    from proctor.core import MatrixSource
    from proctor.openfeature import ProctorProvider

    api.set_provider_and_wait(ProctorProvider(MatrixSource("matrix.json")))

This package needs the OpenFeature SDK: `pip install 'django-proctor[openfeature]'`.
"""

from __future__ import annotations

try:
    import openfeature.provider  # noqa: F401
except ImportError as error:
    raise ImportError(
        "proctor.openfeature needs the OpenFeature SDK: "
        "pip install 'django-proctor[openfeature]', which installs openfeature-sdk"
    ) from error

from proctor.openfeature.provider import ProctorProvider

__all__ = ["ProctorProvider"]
