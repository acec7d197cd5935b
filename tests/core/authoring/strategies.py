"""Strategies for valid and hostile definitions, and for specifications."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.core.small_matrices import definition

#: Scalars that are difficult for readers.
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**31, -(2**31) - 1, 2**63, 10**30, -(10**3990), 10**4200]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1e308, -1e308, 5e-324, 5e-11, -0.0]),
    st.sampled_from(
        ["", " ", "1", "NaN", "Infinity", "-Infinity", "true", "#A1", "#Z99", "${", "${}"]
    ),
    st.sampled_from(
        ["\ud800", "a\udfffb", "\U0001f600", "\u0000", '"\\', "${a == 'b'}", "x" * 200]
    ),
    st.text(max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)

_RANGES = st.lists(
    st.fixed_dictionaries(
        {"bucketValue": st.integers(-2, 3) | SCALARS, "length": st.floats(-1, 2) | SCALARS}
    )
    | VALUES,
    max_size=3,
)
_ALLOCATIONS = st.lists(
    st.fixed_dictionaries(
        {"ranges": _RANGES | VALUES, "id": SCALARS, "rule": SCALARS}, optional={"x": VALUES}
    )
    | VALUES,
    max_size=3,
)
_PAYLOADS = st.dictionaries(
    st.sampled_from(["longValue", "doubleValue", "stringValue", "stringArray", "map", "json", "x"]),
    VALUES,
    max_size=2,
)
_BUCKETS = st.lists(
    st.fixed_dictionaries(
        {"name": SCALARS, "value": st.integers(-2, 3) | SCALARS},
        optional={"payload": _PAYLOADS | VALUES, "description": SCALARS, "x": VALUES},
    )
    | VALUES,
    max_size=3,
)
_DEPENDS_ON = st.fixed_dictionaries({"testName": SCALARS, "bucketValue": SCALARS}) | VALUES

#: Parts that replace those of a valid definition.
_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "version": SCALARS,
        "salt": SCALARS,
        "rule": SCALARS,
        "subrule": SCALARS,
        "testType": SCALARS,
        "description": SCALARS,
        "silent": SCALARS,
        "buckets": _BUCKETS | VALUES,
        "allocations": _ALLOCATIONS | VALUES,
        "constants": st.dictionaries(st.text(max_size=3), VALUES, max_size=3) | VALUES,
        "specialConstants": st.dictionaries(st.just("__COUNTRIES"), VALUES) | VALUES,
        "metaTags": st.lists(SCALARS, max_size=3) | VALUES,
        "dependsOn": _DEPENDS_ON,
        "payloadExperimentConfig": VALUES,
        "dynamic": SCALARS,
        "unknown": VALUES,
    },
)


@st.composite
def hostile_documents(draw):
    """Draw definitions in which any part may have any value."""
    base = draw(st.sampled_from([{}, definition(), definition(description="d", unknown={"a": 1})]))
    return {**base, **draw(_CHANGES)}


TEXT = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.sampled_from(
        ["", " ", "${", "${}", "${a ==}", "country == 'US'", "\ud800", "#A1", "#B9", "x"]
    ),
)
INTEGERS = st.integers(-2, 3) | st.sampled_from([-(2**31), 2**31 - 1])
DOUBLES = st.sampled_from([0.0, -0.0, 0.5, 1 / 3, 1.0, -1.0, 5e-11, 1e308, -1e308]) | st.floats(
    0, 1
)
_EXTRA = {"unknown": VALUES, "other": VALUES}
ODD_PAYLOADS = st.one_of(
    st.none(),
    st.just({}),
    st.fixed_dictionaries({"longValue": INTEGERS}, optional=_EXTRA),
    st.fixed_dictionaries({"doubleValue": DOUBLES}),
    st.fixed_dictionaries({"stringValue": st.text(max_size=3)}),
    st.fixed_dictionaries({"stringArray": st.lists(TEXT, max_size=2)}),
    st.fixed_dictionaries({"map": st.dictionaries(st.sampled_from("ab"), VALUES, max_size=2)}),
    st.fixed_dictionaries({"json": VALUES}),
)
_ODD_BUCKETS = st.lists(
    st.fixed_dictionaries(
        {"name": TEXT, "value": INTEGERS},
        optional={"payload": ODD_PAYLOADS, "description": TEXT, **_EXTRA},
    ),
    max_size=3,
)
_ODD_RANGES = st.lists(
    st.fixed_dictionaries({"bucketValue": INTEGERS, "length": DOUBLES}, optional=_EXTRA), max_size=3
)
_ODD_ALLOCATIONS = st.lists(
    st.fixed_dictionaries(
        {"ranges": _ODD_RANGES | st.none(), "id": TEXT, "rule": TEXT},
        optional={"name": TEXT, **_EXTRA},
    ),
    max_size=3,
)


@st.composite
def odd_documents(draw):
    """Draw definitions that can usually be read, with unusual values in any place."""
    changes = st.fixed_dictionaries(
        {},
        optional={
            "version": TEXT,
            "salt": TEXT,
            "rule": TEXT,
            "testType": st.sampled_from(["USER", "PAGE", "RANDOM", "SHOP", "", None]),
            "description": TEXT,
            "silent": st.booleans(),
            "buckets": _ODD_BUCKETS | st.none(),
            "allocations": _ODD_ALLOCATIONS,
            "constants": st.dictionaries(st.sampled_from("ab"), VALUES, max_size=2),
            "specialConstants": st.dictionaries(st.just("__COUNTRIES"), st.lists(TEXT, max_size=2)),
            "metaTags": st.lists(TEXT, max_size=2),
            "dependsOn": st.none()
            | st.fixed_dictionaries({"testName": TEXT, "bucketValue": INTEGERS}, optional=_EXTRA),
            "payloadExperimentConfig": st.none()
            | st.fixed_dictionaries(
                {"priority": TEXT, "namespaces": st.lists(TEXT, max_size=2)}, optional=_EXTRA
            ),
            "enableUnitlessAllocations": st.booleans(),
            "dynamic": st.booleans(),
            **_EXTRA,
        },
    )
    base = draw(st.sampled_from([{}, definition(), definition(description="d")]))
    return {**base, **draw(changes)}


#: Lengths for the assignment of ids, including zero, tiny and negative ones.
LENGTHS = st.sampled_from([0.0, 1e-7, 0.1, 0.2, 0.25, 0.5, 1.0, -0.1])


@st.composite
def edits(draw):
    """Draw a definition with ids, and another one that may replace it."""
    ids = st.sampled_from(["#A1", "#B2", "#C7", "#Z1", "#BA3", ""])
    rules = st.sampled_from([None, "${a}", "${b == 1}"])

    def allocations():
        ranges = st.lists(
            st.fixed_dictionaries({"bucketValue": st.integers(-1, 1), "length": LENGTHS}),
            max_size=3,
        )
        one = st.fixed_dictionaries({"id": ids, "rule": rules, "ranges": ranges})
        return draw(st.lists(one, min_size=1, max_size=4))

    salts = st.sampled_from(["&salt", "other"])
    return (
        definition(allocations=allocations(), salt=draw(salts), rule=draw(rules)),
        definition(allocations=allocations(), salt=draw(salts), rule=draw(rules)),
    )


_EXPECTED = st.fixed_dictionaries(
    {},
    optional={
        "buckets": st.dictionaries(st.text(max_size=3), st.integers(-1, 2) | SCALARS) | VALUES,
        "fallbackValue": SCALARS,
        "payload": st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(["longValue", "map", "json", "stringArray", "x"]) | VALUES,
                "schema": st.dictionaries(
                    st.text(max_size=2),
                    st.sampled_from(["longValue", "stringArray", "json"]) | VALUES,
                )
                | VALUES,
                "validator": st.sampled_from(["${value > 1}", "${x}", "${", "a"]) | SCALARS,
                "allowForce": SCALARS,
            },
        )
        | VALUES,
        "description": SCALARS,
    },
)
_FILTERS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["match_all", "name_prefix", "name_pattern", "meta_tags_filter"])},
        optional={"prefix": SCALARS, "regex": SCALARS, "meta_tags": VALUES},
    )
    | VALUES,
    max_size=2,
)
#: Specifications of a test `t` and others, in which any part may be anything.
SPECIFICATIONS = (
    st.fixed_dictionaries(
        {},
        optional={
            "providedContext": st.dictionaries(
                st.sampled_from(["a", "b", "country"]),
                st.sampled_from(["int", "String", "x.Y"]) | SCALARS,
            )
            | VALUES,
            "tests": st.dictionaries(st.sampled_from(["t", "u"]), _EXPECTED | VALUES) | VALUES,
            "dynamicFilters": _FILTERS | VALUES,
            "unknown": VALUES,
        },
    )
    | VALUES
)
