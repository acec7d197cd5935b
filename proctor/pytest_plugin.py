"""The pytest fixture `proctor_groups`; pytest finds this module by its entry point."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["proctor_groups"]


@pytest.fixture
def proctor_groups() -> Iterator[Callable[..., None]]:
    """Call it with groups, `proctor_groups(buttoncolortst="blue")`, for the rest of the test.

    What `proctor.testing.override_proctor` takes, this takes.
    """
    # Not at the top: pytest loads plugins before Django's settings are known.
    from proctor.testing import override_proctor  # noqa: PLC0415

    with ExitStack() as stack:

        def put(*groups: Any, **more: Any) -> None:
            stack.enter_context(override_proctor(*groups, **more))

        yield put
