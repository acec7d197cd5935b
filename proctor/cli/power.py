"""`power`: compute how long a test must run, or which effect it can detect in a given time."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from proctor.cli.analyze import share
from proctor.cli.arguments import add_json
from proctor.cli.errors import CommandError
from proctor.cli.printing import pretty_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from proctor.analysis.power import Plan

DESCRIPTION = "Plan a test: smallest effect, visitors and days."

DETAILS = (
    "Describe the metric, and give either --effect, or --visitors, or --days with --daily. "
    "For a proportion --mean is enough; other metrics need --sd as well."
)


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser("power", help=DESCRIPTION, description=f"{DESCRIPTION} {DETAILS}")
    parser.add_argument(
        "--mean",
        type=float,
        required=True,
        help="the current mean of the metric: 0.05 for 5 %% of visitors",
    )
    parser.add_argument("--sd", type=float, help="the standard deviation of a visitor's value")
    parser.add_argument(
        "--effect",
        type=effect,
        metavar="0.01|5%",
        help="the smallest effect worth detecting: absolute, or a percentage of the mean",
    )
    parser.add_argument("--visitors", type=float, help="visitors in both groups together")
    parser.add_argument("--days", type=float, help="how long the test may run")
    parser.add_argument("--daily", type=float, help="new visitors per day in both groups together")
    parser.add_argument(
        "--share",
        type=float,
        default=0.5,
        help="the share of these visitors in the new group (default: %(default)s)",
    )
    parser.add_argument("--alpha", type=share, default=0.05, help="(default: %(default)s)")
    parser.add_argument(
        "--power",
        type=float,
        default=0.8,
        help="the probability of detecting the effect (default: %(default)s)",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def effect(text: str) -> tuple[float, bool]:
    """Parse a number or a percentage. Return the number, and whether it was a percentage."""
    is_relative = text.rstrip().endswith("%")
    try:
        number = float(text.rstrip().removesuffix("%"))
    except ValueError:
        number = 0.0
    if not number or not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"expected an effect such as 0.01 or 5%, got {text!r}")
    return (number / 100 if is_relative else number), is_relative


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the plan. Return the exit code."""
    plan = make_plan(options)
    if options.json:
        fields = ("effect", "relative", "visitors", "days", "alpha", "power")
        out.write(pretty_json({name: getattr(plan, name) for name in fields}) + "\n")
    else:
        out.writelines(f"{line}\n" for line in lines(plan))
    return 0


def make_plan(options: argparse.Namespace) -> Plan:
    """Return the plan for the options. Raises CommandError for invalid values."""
    from proctor.analysis.power import plan_test  # noqa: PLC0415 - an extra

    for name in ("mean", "sd", "visitors", "days", "daily"):
        value = getattr(options, name)
        if value is not None and not (0 <= value < float("inf") or name == "mean"):
            raise CommandError(f"--{name}: expected a number of 0 or more, got {value}")
    for name in ("share", "power"):
        if not 0 < getattr(options, name) < 1:
            raise CommandError(
                f"--{name}: expected a number between 0 and 1, got {getattr(options, name)}"
            )
    if options.sd is None and not 0 < options.mean < 1:
        raise CommandError(
            "--mean is not between 0 and 1, so it is not a proportion: also give --sd"
        )
    variance = options.mean * (1 - options.mean) if options.sd is None else options.sd**2
    wanted, is_relative = options.effect or (None, False)
    if wanted is not None and is_relative:
        wanted *= abs(options.mean)
    return plan_test(
        mean=options.mean,
        variance=variance,
        effect=wanted,
        visitors=options.visitors,
        days=options.days,
        daily=options.daily or None,
        shares=options.share / (1 - options.share),
        alpha=options.alpha,
        power=options.power,
    )


def lines(plan: Plan) -> Iterator[str]:
    """Return the plan as lines of text."""
    relative = "" if plan.relative is None else f" ({plan.relative:+.1%} of the mean)"
    yield f"effect    {plan.effect:.6g}{relative}"
    yield f"visitors  {plan.visitors:,} in both groups together"
    if plan.days is not None:
        yield f"days      {plan.days:.1f}; run whole weeks: {7 * max(1, -(-plan.days // 7)):.0f}"
    yield f"detected in {plan.power:.0%} of tests; {plan.alpha:.0%} false alarms if you look once"
