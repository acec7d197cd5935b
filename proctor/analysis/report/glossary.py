"""The terms of a report: their names, and a line of help for each."""

from __future__ import annotations

from proctor.core.sentences import Sentence, gettext_noop

__all__ = ["HELP", "LABELS", "TITLES", "terms"]

HELP = {
    "visitors": Sentence(
        gettext_noop(
            "Each visitor counts once, from the first exposure on. Forced exposures do not count."
        )
    ),
    "sample ratio": Sentence(
        gettext_noop(
            "Compares the number of visitors in each group with the shares of the matrix. If they "
            "differ by more than chance allows, something removes visitors from one group, and no "
            "number of this report can be trusted."
        )
    ),
    "two groups": Sentence(
        gettext_noop("Visitors who saw two groups under one split. They are left out.")
    ),
    "carried over": Sentence(
        gettext_noop(
            "Visitors who changed group when the split changed. They count in both, and may "
            "remember what they saw before."
        )
    ),
    "forced": Sentence(
        gettext_noop("Visitors who only saw a group that someone forced. They are left out.")
    ),
    "changes": Sentence(
        gettext_noop(
            "When the split of the test changed. Visitors are compared only with others under the "
            "same split."
        )
    ),
    "time run": Sentence(
        gettext_noop(
            "A test should run for whole weeks: visitors of a Monday differ from those of a Sunday."
        )
    ),
    "matured": Sentence(
        gettext_noop("The share of visitors whose window is over. Only they count in the metrics.")
    ),
    "effect": Sentence(gettext_noop("The difference between a group's mean and the baseline's.")),
    "relative": Sentence(gettext_noop("The effect as a share of the baseline's mean.")),
    "mean": Sentence(
        gettext_noop(
            "The average over the visitors whose window is over. For a share of visitors: how many "
            "of them had the outcome."
        )
    ),
    "always valid": Sentence(
        gettext_noop(
            "The range of effects that the data allow, at whatever time you look. If it excludes "
            "0, there is a difference."
        )
    ),
    "fixed": Sentence(
        gettext_noop(
            "A narrower range that is right once only: at the end that was declared in advance."
        )
    ),
    "p": Sentence(
        gettext_noop("How often chance alone gives a difference at least as large, at one look.")
    ),
    "baseline": Sentence(gettext_noop("The group that the others are compared with.")),
    "guardrail": Sentence(
        gettext_noop(
            "A metric that must not get worse by more than a margin. Passed: it did not. Harmed: "
            "it is worse than the baseline. Open: not known yet."
        )
    ),
    "stratum": Sentence(
        gettext_noop("The visitors under one split. A new allocation id or version starts another.")
    ),
    "heterogeneity": Sentence(
        gettext_noop("How often strata with equal effects differ this much by chance.")
    ),
    "overlap": Sentence(
        gettext_noop(
            "The same effect with other weights: strata with balanced groups count more. The "
            "verdict never takes the better of the two."
        )
    ),
    "history": Sentence(
        gettext_noop(
            "What a report at each time would have shown. The band narrows as visitors arrive."
        )
    ),
    "segments": Sentence(
        gettext_noop(
            "Parts of the visitors. With many segments some differ by chance: use them for ideas, "
            "not for decisions."
        )
    ),
    "primary": Sentence(
        gettext_noop(
            "The metrics that decide. Their intervals are corrected for the number of metrics and "
            "groups."
        )
    ),
}

#: The terms that `terms` returns, and those of the list of reasons to trust a report.
TITLES = {
    "visitors": Sentence(gettext_noop("Visitors")),
    "sample ratio": Sentence(gettext_noop("Sample ratio")),
    "matrices": Sentence(gettext_noop("Matrices")),
    "two groups": Sentence(gettext_noop("Two groups")),
    "carried over": Sentence(gettext_noop("Carried over")),
    "forced": Sentence(gettext_noop("Forced")),
    "changes": Sentence(gettext_noop("Changes")),
    "time run": Sentence(gettext_noop("Time run")),
    "matured": Sentence(gettext_noop("Matured")),
    "nameless": Sentence(gettext_noop("Nameless")),
    "effect": Sentence(gettext_noop("Effect")),
    "relative": Sentence(gettext_noop("Relative")),
    "mean": Sentence(gettext_noop("Mean")),
    "always valid": Sentence(gettext_noop("Always valid")),
    "fixed": Sentence(gettext_noop("Fixed")),
    "p": Sentence(gettext_noop("P")),
    "baseline": Sentence(gettext_noop("Baseline")),
    "guardrail": Sentence(gettext_noop("Guardrail")),
    "heterogeneity": Sentence(gettext_noop("Heterogeneity")),
    "overlap": Sentence(gettext_noop("Overlap")),
    "primary": Sentence(gettext_noop("Primary")),
}

#: The columns of tables.
LABELS = {
    "group": Sentence(gettext_noop("Group")),
    "visitors": TITLES["visitors"],
    "mean": TITLES["mean"],
    "effect": TITLES["effect"],
    "relative": TITLES["relative"],
    "always valid": TITLES["always valid"],
    "fixed": TITLES["fixed"],
    "p": Sentence(gettext_noop("p")),
    "split": Sentence(gettext_noop("Split")),
    "seen": Sentence(gettext_noop("Seen")),
    "matrix": Sentence(gettext_noop("Matrix")),
    "segment": Sentence(gettext_noop("Segment")),
}


def terms(*, fixed: bool, several: bool) -> list[str]:
    """Return the names in `HELP` that a report explains at its end.

    *fixed*: it shows intervals at the declared end. *several*: it has more than one split.
    """
    names = ["mean", "effect", "relative", "always valid", "baseline", "primary", "visitors"]
    if fixed:
        names[4:4] = ["fixed", "p"]
    return [*names, "overlap", "heterogeneity"] if several else names
