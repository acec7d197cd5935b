"""For tests of projects: put every visitor into the group that a test is about."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any
from unittest import TestCase

from django.test.utils import TestContextDecorator

from proctor import overrides
from proctor.configuration import current_configuration
from proctor.core.context_types import nearest
from proctor.core.exceptions import SourceError
from proctor.core.groups import GroupAssignment, Reason
from proctor.core.sources import MatrixSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.declarations import ProctorTest
    from proctor.core.matrix import Bucket

__all__ = ["override_proctor"]

#: A group's name; an assignment, to say value and payload too; None for no group.
Override = str | GroupAssignment | None


class override_proctor(TestContextDecorator):  # noqa: N801 - as override_settings
    """Puts every visitor of this process into groups: `override_proctor(buttoncolortst="blue")`.

    A context manager, and a decorator of functions, coroutine functions and test classes.
    For tests whose names are no Python names it takes a mapping first. A group is given by
    its name, with the value and payload that the matrix or the declaration has for it; or
    as a GroupAssignment. None gives the declared default.

    It holds in all threads, so that a live server sees it, and is above sources and caches.
    Inner ones win over outer ones. Raises ValueError for a test or a group that is not
    declared.
    """

    def __init__(self, groups: Mapping[str, Override] | None = None, /, **more: Override) -> None:
        super().__init__()
        self._wanted: dict[str, Override] = {**(groups or {}), **more}
        self._layers: list[Mapping[str, GroupAssignment]] = []

    def enable(self) -> None:
        """Begin."""
        layer = {name: _assignment(name, wanted) for name, wanted in self._wanted.items()}
        self._layers.append(layer)
        overrides.push(layer)

    def disable(self) -> None:
        """End."""
        overrides.pop(self._layers.pop())

    def decorate_class(self, cls: Any) -> Any:
        """Decorate a test case of unittest's, or the test methods of any other class."""
        if issubclass(cls, TestCase):
            return super().decorate_class(cls)
        for name in dir(cls):
            if name.startswith("test"):
                method = inspect.getattr_static(cls, name)
                if isinstance(method, (staticmethod, classmethod)):
                    setattr(cls, name, type(method)(self.decorate_callable(method.__func__)))
                elif inspect.isfunction(method):
                    setattr(cls, name, self.decorate_callable(method))
        return cls


def _assignment(name: str, wanted: Override) -> GroupAssignment:
    """What the visitor gets for one test. Raises ValueError where it makes no sense."""
    registry = current_configuration().registry
    test = registry.get(name)
    if test is None:
        raise ValueError(f"the test {name!r} is not in PROCTOR_TESTS: {registry.hint(name)}")
    if wanted is None:
        return test.default_for(Reason.NO_GROUP)
    group = wanted.group if isinstance(wanted, GroupAssignment) else wanted
    buckets = _buckets(name)
    known = list(test.groups) if test.groups is not None else list(buckets)
    if group is not None and known and group not in known:
        raise ValueError(f"the test {name!r} has no group {group!r}: {nearest(group, known)}")
    if isinstance(wanted, GroupAssignment):
        return wanted
    return _of_bucket(test, wanted, buckets.get(wanted))


def _of_bucket(test: ProctorTest, group: str, bucket: Bucket | None) -> GroupAssignment:
    if bucket is None:
        return GroupAssignment(group, test.value_of(group))
    payload = bucket.payload
    return GroupAssignment(
        group,
        bucket.value,
        None if payload is None else payload.value,
        payload_type=None if payload is None else payload.type or "",
    )


def _buckets(name: str) -> Mapping[str, Bucket]:
    """The buckets that a matrix in the process has for a test."""
    source = current_configuration().source
    if not isinstance(source, MatrixSource):
        return {}
    try:
        tests = source.current().proctor.matrix.tests
    except SourceError:
        return {}
    return {bucket.name: bucket for bucket in tests[name].buckets} if name in tests else {}
