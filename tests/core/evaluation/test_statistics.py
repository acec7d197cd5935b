"""The split is fair, and tests with different salts are independent.

The identifiers are fixed, so these tests give the same result in every run. A fair split exceeds
the critical values below once in a thousand.
"""

from __future__ import annotations

from collections import Counter

import pytest

from proctor.core.evaluation.allocation import RangeTable
from proctor.core.evaluation.hashing import md5, salted_prefix

#: Chi-square at p = 0.001, by degrees of freedom.
CRITICAL = {1: 10.828, 2: 13.816, 3: 16.266, 4: 18.467, 6: 22.458, 9: 27.877}
VISITORS = 100_000
IDENTIFIERS = {
    "numbers": [b"%d" % number for number in range(VISITORS)],
    "hexadecimal": [b"%016x" % (number * 0x9E3779B97F4A7C15 % 2**64) for number in range(VISITORS)],
    "addresses": [b"user%d@example.com" % number for number in range(VISITORS)],
}
SPLITS = [
    [0.5, 0.5],
    [1 / 3, 1 / 3, 1 / 3],
    [0.1] * 10,
    [0.01, 0.99],
    [0.05, 0.15, 0.3, 0.5],
]


def chosen(test_name, salt, lengths, identifiers):
    """The range of each identifier."""
    table = RangeTable.build(lengths, range(len(lengths)))
    prefix = salted_prefix(test_name, salt)
    return [table.find(md5(prefix + identifier).digest()) for identifier in identifiers]


def chi_square(observed, expected):
    return sum((observed[key] - count) ** 2 / count for key, count in expected.items())


@pytest.mark.parametrize("lengths", SPLITS, ids=str)
@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_ranges_get_the_share_that_their_length_says(kind, lengths):
    observed = Counter(chosen("checkout", "salt", lengths, IDENTIFIERS[kind]))
    expected = {index: VISITORS * length for index, length in enumerate(lengths)}
    assert chi_square(observed, expected) < CRITICAL[len(lengths) - 1]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("checkout", "salt"), ("checkout", "salt2")),
        (("checkout", "salt"), ("banner", "salt")),
        (("checkout", None), ("checkout", "")),
        (("checkout", "&one"), ("checkout", "&two")),
    ],
)
@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_tests_with_different_salts_are_independent(kind, first, second):
    lengths = [0.2, 0.3, 0.5]
    here = chosen(*first, lengths, IDENTIFIERS[kind])
    there = chosen(*second, lengths, IDENTIFIERS[kind])
    margins = Counter(here), Counter(there)
    expected = {
        (one, two): margins[0][one] * margins[1][two] / VISITORS
        for one in range(3)
        for two in range(3)
    }
    assert chi_square(Counter(zip(here, there, strict=True)), expected) < CRITICAL[4]


def test_tests_that_share_a_salt_agree():
    visitors = IDENTIFIERS["numbers"][:1000]
    lengths = [0.2, 0.3, 0.5]
    here = chosen("checkout", "&shared", lengths, visitors)
    assert here == chosen("banner", "&shared", lengths, visitors)


def test_a_wider_first_range_keeps_the_visitors_it_had():
    visitors = IDENTIFIERS["numbers"]
    before = chosen("rollout", "salt", [0.05, 0.95], visitors)
    after = chosen("rollout", "salt", [0.2, 0.8], visitors)
    assert all(later == 0 for early, later in zip(before, after, strict=True) if early == 0)
