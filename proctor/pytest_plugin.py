"""The `proctor_groups` fixture for pytest. Pytest loads this module through an entry point."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["proctor_groups"]


@pytest.fixture
def proctor_groups() -> Iterator[Callable[..., None]]:
    """Return a function that sets groups for the rest of the test.

    For example, call `proctor_groups(buttoncolortst="blue")`. The function takes the same arguments
    as `proctor.testing.override_proctor`.
    """
    # Imported here because pytest loads plugins before Django's settings are configured.
    from proctor.testing import override_proctor  # noqa: PLC0415

    with ExitStack() as stack:

        def put(*groups: Any, **more: Any) -> None:
            stack.enter_context(override_proctor(*groups, **more))

        yield put
