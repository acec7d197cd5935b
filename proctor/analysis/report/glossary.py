"""The terms that a report uses, with a title and an explanation for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from proctor.analysis.report.model import Findings

__all__ = ["GUIDE", "HELP", "LABELS", "TITLES", "terms"]

#: The documentation page about broken splits and other things that can go wrong.
GUIDE = "https://github.com/indeedeng/django-proctor/blob/main/docs/pitfalls.md"

HELP = {
    "visitors": Sentence(
        gettext_noop(
            "Each visitor counts once, from the first exposure on. Forced exposures do not count."
        )
    ),
    "exposure": Sentence(
        gettext_noop("A page read the visitor's group, so the visitor may have seen it.")
    ),
    "outcome": Sentence(
        gettext_noop("Something that a visitor did and the site recorded, such as an order.")
    ),
    "window": Sentence(
        gettext_noop(
            "The time after a visitor's exposure in which outcomes count. Without a declared "
            "length, it lasts until the end of the report's period."
        )
    ),
    "sample ratio": Sentence(
        gettext_noop(
            "Compares the number of visitors in each group with the shares of the matrix, which "
            "need not be equal. If they differ by more than chance allows, something removes "
            "visitors from one group, and no number in this report can be trusted."
        )
    ),
    "compared": Sentence(
        gettext_noop(
            "The visitors in a comparison with the baseline; the verdict is based on them. Groups "
            "are compared within each split only, because visitors under different splits differ; "
            "then the differences are combined."
        )
    ),
    "two groups": Sentence(
        gettext_noop("Visitors who saw two groups under one split. They are left out.")
    ),
    "carried over": Sentence(
        gettext_noop(
            "Visitors who changed groups when the split changed. They count in both groups, and "
            "may remember what they saw before."
        )
    ),
    "forced": Sentence(
        gettext_noop("Visitors who only saw a group that someone forced. They are left out.")
    ),
    "changes": Sentence(
        gettext_noop(
            "When the definition of the test changed. Eligible visitors are those to whom a rule "
            "of the test applies; if there are several rules, the largest share is shown. Visitors "
            "are compared only with others under the same split."
        )
    ),
    "time run": Sentence(
        gettext_noop(
            "A test should run for whole weeks, because Monday's visitors differ from Sunday's."
        )
    ),
    "matured": Sentence(
        gettext_noop(
            "The counted visitors whose window has ended, so all their outcomes are known. The "
            "metrics include only these visitors."
        )
    ),
    "effect": Sentence(gettext_noop("The difference between a group's mean and the baseline's.")),
    "relative": Sentence(gettext_noop("The effect as a share of the baseline's mean.")),
    "mean": Sentence(
        gettext_noop(
            "The average across visitors whose window has ended. If the metric is a share of "
            "visitors: the proportion of them that had the outcome."
        )
    ),
    "points": Sentence(
        gettext_noop("The difference between two percentages: from 15 % to 18 % is 3 points.")
    ),
    "quantile": Sentence(
        gettext_noop(
            "The value that separates a given share of visitors from the rest: for the quantile "
            "0.9, nine out of ten visitors are below it."
        )
    ),
    "always valid": Sentence(
        gettext_noop(
            "The range of effects that are compatible with the data. It is valid no matter how "
            "often you look. If the range excludes 0, there is a difference; if it includes 0, "
            "there may be none. Its precise name is always-valid confidence interval."
        )
    ),
    "fixed": Sentence(
        gettext_noop(
            "A narrower range that is valid only once: at the end that was declared in advance. "
            "Its precise name is confidence interval with a fixed horizon."
        )
    ),
    "p": Sentence(
        gettext_noop(
            "How often chance alone would give a difference at least this large, if you look only "
            "once: 0.05 means one time in twenty, and a number such as 1.8e-06 means almost never."
        )
    ),
    "baseline": Sentence(gettext_noop("The group that the others are compared with.")),
    "guardrail": Sentence(
        gettext_noop(
            "A metric that must not get worse by more than a margin. Passed: it did not get that "
            "much worse. Harmed: it is worse than the baseline. Open: not known yet."
        )
    ),
    "split": Sentence(
        gettext_noop(
            "The visitors under one allocation of the matrix (a rule, and the shares of the "
            "groups), for as long as it assigns the groups in the same way."
        )
    ),
    "matrix": Sentence(
        gettext_noop("The file with the definitions of all tests and the shares of their groups.")
    ),
    "stratum": Sentence(
        gettext_noop(
            "Each row shows one group in one split: the visitors to whom the same rule and the "
            "same shares applied. Differences between splits are often due to chance. The effect "
            "above combines these splits; larger splits count more."
        )
    ),
    "across splits": Sentence(
        gettext_noop(
            "Visitors and means include every split. The effect is computed within each split, so "
            "it is not simply the difference of these means."
        )
    ),
    "outlook": Sentence(
        gettext_noop(
            "An estimate of when a report would show the declared smallest effect worth finding, "
            "based on the visitors under the current split. If the true effect is of this size, "
            "the chance of seeing it by then is four in five; a smaller effect takes longer."
        )
    ),
    "history": Sentence(
        gettext_noop(
            "What a report would have shown at each point in time. The range narrows as visitors "
            "arrive."
        )
    ),
    "segments": Sentence(
        gettext_noop(
            "Subsets of the visitors. With many segments, some differ by chance: use them for "
            "ideas, not for decisions."
        )
    ),
    "primary": Sentence(
        gettext_noop(
            "A metric that decides the verdict. With several primary metrics or groups, the ranges "
            "are wider, because one of several comparisons is more likely to look clear by chance."
        )
    ),
    "secondary": Sentence(gettext_noop("A metric that is shown but does not affect the verdict.")),
}

#: Titles of the terms that `terms` returns, and of the items in the list "Can you trust it?".
TITLES = {
    "visitors": Sentence(gettext_noop("Visitors")),
    "exposure": Sentence(gettext_noop("Exposure")),
    "outcome": Sentence(gettext_noop("Outcome")),
    "window": Sentence(gettext_noop("Window")),
    "sample ratio": Sentence(gettext_noop("Sample ratio")),
    "compared": Sentence(gettext_noop("Compared")),
    "matrices": Sentence(gettext_noop("Matrices")),
    "two groups": Sentence(gettext_noop("Two groups")),
    "carried over": Sentence(gettext_noop("Carried over")),
    "forced": Sentence(gettext_noop("Forced")),
    "changes": Sentence(gettext_noop("Changes")),
    "time run": Sentence(gettext_noop("Time run")),
    "matured": Sentence(gettext_noop("Follow-up")),
    "nameless": Sentence(gettext_noop("Nameless")),
    "effect": Sentence(gettext_noop("Effect")),
    "relative": Sentence(gettext_noop("Relative")),
    "mean": Sentence(gettext_noop("Mean")),
    "points": Sentence(gettext_noop("Points")),
    "quantile": Sentence(gettext_noop("Quantile")),
    "always valid": Sentence(gettext_noop("Likely range")),
    "fixed": Sentence(gettext_noop("Range at the end")),
    "p": Sentence(gettext_noop("p")),
    "baseline": Sentence(gettext_noop("Baseline")),
    "guardrail": Sentence(gettext_noop("Guardrail")),
    "primary": Sentence(gettext_noop("Primary")),
    "secondary": Sentence(gettext_noop("Secondary")),
    "split": Sentence(gettext_noop("Split")),
    "matrix": Sentence(gettext_noop("Matrix")),
}

#: Titles of table columns.
LABELS = {
    "group": Sentence(gettext_noop("Group")),
    "visitors": TITLES["visitors"],
    "mean": TITLES["mean"],
    "mean of group": Sentence(gettext_noop("Mean of the group")),
    "effect": TITLES["effect"],
    "relative": TITLES["relative"],
    "always valid": TITLES["always valid"],
    "fixed": TITLES["fixed"],
    "p": TITLES["p"],
    "split": TITLES["split"],
    "seen": Sentence(gettext_noop("Share seen")),
    "matrix": Sentence(gettext_noop("Share in the matrix")),
    "segment": Sentence(gettext_noop("Segment")),
}


def terms(report: Findings, *, splits: bool = True) -> list[str]:
    """Return the terms that a report explains at its end, as keys of `HELP`.

    *splits* is True if the report has a table of the splits.
    """
    metrics = report.metrics
    kinds = {each.metric.kind for each in metrics}
    has_effects = any(each.effects for each in metrics)
    used = {
        "visitors": True,
        "exposure": True,
        "outcome": True,
        "window": True,
        "mean": bool(metrics),
        "effect": bool(metrics),
        "relative": bool(metrics),
        "points": "proportion" in kinds and has_effects,
        "quantile": "quantile" in kinds,
        "always valid": bool(metrics),
        "fixed": bool(metrics) and report.shows_fixed,
        "p": report.sample_ratio.p_value is not None or report.shows_fixed,
        "baseline": bool(metrics),
        "primary": any(each.primary for each in metrics),
        "secondary": any(not each.primary and each.metric.guardrail is None for each in metrics),
        "guardrail": any(each.metric.guardrail is not None for each in metrics),
        "split": splits or len(report.sample_ratio.strata) > 1,
        "matrix": True,
    }
    return [name for name, shown in used.items() if shown]
