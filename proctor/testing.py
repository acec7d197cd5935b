"""Helpers for a project's tests: put every visitor into a specific group."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any
from unittest import TestCase

from django.test.utils import TestContextDecorator

from proctor.core.evaluation.groups import GroupAssignment, Reason
from proctor.core.exceptions import SourceError
from proctor.core.messages import nearest
from proctor.core.sources.source import MatrixSource
from proctor.resolving import overrides
from proctor.resolving.site_setup import current_setup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.matrices.matrix import Bucket

__all__ = ["override_proctor"]

#: The name of a group; or a GroupAssignment, which also sets value and payload; or None, which
#: selects the default.
Override = str | GroupAssignment | None


class override_proctor(TestContextDecorator):  # noqa: N801 - as override_settings
    """Puts all visitors into specific groups: `override_proctor(buttoncolortst="blue")`.

    Use it as a context manager, or as a decorator of functions, coroutine functions and test
    classes. If a test's name is not a valid Python identifier, pass a mapping as the first
    argument. Pass a group's name to use its value and payload from the matrix or the declaration;
    or pass a GroupAssignment; or pass None to select the declared default.

    The override applies in all threads of this process, including those of a live server. It takes
    precedence over sources and caches. Inner overrides take precedence over outer ones. Raises
    ValueError for a test or a group that is not declared.
    """

    def __init__(self, groups: Mapping[str, Override] | None = None, /, **more: Override) -> None:
        super().__init__()
        self._wanted: dict[str, Override] = {**(groups or {}), **more}
        self._layers: list[Mapping[str, GroupAssignment]] = []

    def enable(self) -> None:
        """Start the override."""
        layer = {name: _assignment(name, wanted) for name, wanted in self._wanted.items()}
        self._layers.append(layer)
        overrides.push(layer)

    def disable(self) -> None:
        """End the override."""
        overrides.pop(self._layers.pop())

    def decorate_class(self, cls: Any) -> Any:
        """Decorate a unittest test case, or the test methods of any other class."""
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
    """Return the assignment for one test. Raises ValueError for an undeclared test or group."""
    registry = current_setup().registry
    test = registry.get(name)
    if test is None:
        raise ValueError(f"the test {name!r} is not in PROCTOR_TESTS: {registry.hint(name)}")
    if wanted is None:
        return test.default_for(Reason.NO_GROUP)
    group = wanted.group if isinstance(wanted, GroupAssignment) else wanted
    buckets = _buckets(test)
    known = [each for each in (buckets if test.groups is None else test.groups) if each]
    if group is not None and known and group not in known:
        raise ValueError(f"the test {name!r} has no group {group!r}: {nearest(group, known)}")
    if isinstance(wanted, GroupAssignment):
        return wanted
    return _of_bucket(test, wanted, buckets.get(wanted))


def _of_bucket(test: ProctorTest, group: str, bucket: Bucket | None) -> GroupAssignment:
    if bucket is None:
        return GroupAssignment(group, test.value_of(group))
    payload = bucket.payload
    found = GroupAssignment(
        bucket.name,
        bucket.value,
        None if payload is None else payload.value,
        payload_type=None if payload is None else payload.type or "",
    )
    return found if bucket.name == group else found.renamed(group)


def _buckets(test: ProctorTest) -> Mapping[str | None, Bucket]:
    """Return the test's buckets by declared name, or {} if this process has not loaded a matrix."""
    source = current_setup().source
    if not isinstance(source, MatrixSource):
        return {}
    try:
        tests = source.current().proctor.matrix.tests
    except SourceError:
        return {}
    if test.name not in tests:
        return {}
    return {
        test.declared_name(each.name, each.value): each
        for each in tests[test.name].buckets
        if test.declares(each.name, each.value)
    }
