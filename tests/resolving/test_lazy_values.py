"""Rules read Django's lazy objects as the values that they represent."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.utils.functional import SimpleLazyObject, lazystr

from proctor.core.rules.rule import Rule


class Rows:
    """A query set, as far as rules are concerned."""

    def __init__(self, *rows):
        self._rows = rows

    def __iter__(self):
        return iter(self._rows)

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, index):
        return self._rows[index]


@pytest.mark.parametrize("rule", ["text == 'abc'", "customer.plan == 'team'", "rows[1] == 'team'"])
def test_a_lazy_object_is_a_list_only_if_it_wraps_rows(rule):
    context = {
        "text": lazystr("abc"),
        "customer": SimpleLazyObject(lambda: SimpleNamespace(plan="team")),
        "rows": SimpleLazyObject(lambda: Rows("a", "team")),
    }
    assert Rule(f"${{{rule}}}").evaluate(context)
