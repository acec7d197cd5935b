"""`analyze`: report the results of a test, from files with exposures and outcomes."""

from __future__ import annotations

import argparse
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import add_progress, pair
from proctor.cli.errors import CommandError
from proctor.cli.files import write_file
from proctor.cli.inputs import read_matrix
from proctor.cli.printing import pretty_json, utf8, write_utf8
from proctor.cli.progress import counted
from proctor.core.exceptions import ConfigurationError
from proctor.core.messages import did_you_mean
from proctor.metrics import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from proctor.analysis.report.report import Report

DESCRIPTION = "Compute the results of a test from exposures and outcomes, and give a verdict."

DETAILS = (
    "The columns of exposures are 'at', 'visitor', 'test', 'group', 'allocation' and 'version', "
    "and also 'forced' if any groups were forced. The columns of outcomes are 'at', 'visitor', "
    "'metric', 'value' and optionally 'id'. Files are Parquet, CSV or JSON lines; CSV and JSON "
    "lines may be compressed (.gz). A FILE can also be a pattern, or a SELECT in DuckDB's SQL. "
    "Exit code 1: the report is written, but there is a sample ratio mismatch."
)

DONE, BROKEN = 0, 1

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_QUERY = re.compile(r"\s*(select|with|from)\s", re.IGNORECASE)
_QUANTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser(
        "analyze", help=DESCRIPTION, description=f"{DESCRIPTION} {DETAILS}"
    )
    parser.add_argument("test", metavar="TEST", help="name of the test")
    _add_inputs(parser.add_argument_group("data"))
    _add_metrics(parser.add_argument_group("metrics"))
    _add_statistics(parser.add_argument_group("statistics"))
    parser.add_argument(
        "--format",
        choices=("table", "json", "html"),
        help="the format of the report (default: determined by the output's file name, else table)",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="the file to write")
    add_progress(parser)
    parser.set_defaults(run=run)


def _add_inputs(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--exposures", nargs="+", required=True, metavar="FILE")
    group.add_argument("--outcomes", nargs="+", metavar="FILE")
    group.add_argument(
        "--matrix",
        nargs="+",
        required=True,
        action="extend",
        metavar="FILE",
        help="the matrices that were live during the test: paths or http(s) URLs",
    )
    group.add_argument(
        "--database", metavar="FILE", help="a DuckDB or SQLite file that a SELECT can read"
    )
    group.add_argument(
        "--until",
        type=time,
        metavar="TIME",
        help="the end of the analysis (default: the newest time in the files)",
    )
    group.add_argument(
        "--timezone",
        default="UTC",
        metavar="ZONE",
        help="time zone for times without an offset (default: %(default)s)",
    )


def _add_metrics(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--metric",
        action="append",
        default=[],
        metavar="NAME[:KIND]|NAME/NAME",
        help="KIND is mean, proportion, or a quantile such as p90; NAME/NAME is a ratio; may be "
        "repeated (default: all metrics in the outcomes, with the kind from --kind)",
    )
    group.add_argument("--kind", choices=("mean", "proportion"), default="mean")
    group.add_argument(
        "--window", type=length, metavar="7d", help="how long outcomes count after an exposure"
    )
    group.add_argument(
        "--lateness",
        type=length_or_0,
        default=timedelta(0),
        metavar="1d",
        help="maximum delay between an outcome and its recording",
    )
    group.add_argument(
        "--past",
        type=length,
        metavar="14d",
        help="use outcomes from before the test to narrow the intervals",
    )
    group.add_argument(
        "--guardrail",
        action="append",
        default=[],
        type=number_of,
        metavar="NAME=MARGIN",
        help="a metric that must not get worse by more than MARGIN; may be repeated",
    )
    group.add_argument(
        "--lower",
        action="append",
        default=[],
        metavar="NAME",
        help="a metric for which lower is better; may be repeated",
    )
    group.add_argument(
        "--smallest",
        action="append",
        default=[],
        type=number_of,
        metavar="NAME=EFFECT",
        help="the smallest effect worth detecting; the report says how much longer the test "
        "must run to detect it",
    )
    group.add_argument(
        "--segment",
        action="append",
        default=[],
        metavar="COLUMN",
        help="an additional column of the exposures; the report shows the results for each of its "
        "values; may be repeated",
    )


def _add_statistics(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--baseline",
        metavar="GROUP",
        help="the group to compare with (default: the group with the value 0)",
    )
    group.add_argument(
        "--alpha", type=share, default=0.05, help="the error rate (default: %(default)s)"
    )
    group.add_argument(
        "--horizon",
        type=time,
        metavar="TIME",
        help="the end of the test, as declared before the test began; the intervals are valid at "
        "this time",
    )
    group.add_argument(
        "--estimate",
        choices=("stratified", "overlap"),
        default="stratified",
        help="how strata are weighted, as declared before the test began (default: %(default)s)",
    )
    group.add_argument("--correction", choices=("holm", "bh"), default="holm")
    group.add_argument(
        "--seed", type=int, default=1, metavar="N", help="seed for quantiles (default: %(default)s)"
    )


def length(text: str) -> timedelta:
    """Parse a length of time such as 7d, 12h, 90m, 30s or 2w."""
    found = length_or_0(text)
    if not found:
        raise argparse.ArgumentTypeError(f"expected a length above 0, got {text[:80]!r}")
    return found


def length_or_0(text: str) -> timedelta:
    """Parse a length of time as `length` does, but also accept 0."""
    found = _LENGTH.fullmatch(text.strip())
    if found is None and text.strip() != "0":
        raise argparse.ArgumentTypeError(
            f"expected a length such as 7d, 12h or 30m, got {text[:80]!r}"
        )
    try:
        return timedelta(**{_UNITS[found[2]]: float(found[1])}) if found else timedelta(0)
    except OverflowError:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is too long") from None


def time(text: str) -> datetime:
    """Parse a time such as 2026-03-01 or 2026-03-01T09:30:00+00:00."""
    try:
        # Python 3.10 cannot parse the suffix Z.
        return datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text.strip()))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 2026-03-01T09:30:00+00:00, got {text[:80]!r}"
        ) from None


def share(text: str) -> float:
    """Parse a number between 0 and 0.5, both exclusive."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 0.5:
        raise argparse.ArgumentTypeError(f"expected a number between 0 and 0.5, got {text[:80]!r}")
    return number


def number_of(text: str) -> tuple[str, float]:
    """Parse NAME=NUMBER."""
    name, value = pair(text)
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number after =, got {value[:80]!r}") from None


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Write the report. Return the exit code."""
    metrics = read_metrics(options)
    matrices = [read_matrix(location) for location in options.matrix]
    report = _analyze(options, metrics, matrices)
    _write(report, _form(options), options.output, out)
    return DONE if report.ok else BROKEN


def _analyze(options: argparse.Namespace, metrics: Sequence[Metric], matrices: Any) -> Report:
    # Imported here because importing it takes a second, and other commands do not need the extra.
    from proctor.analysis.analyzing import STEPS, analyze  # noqa: PLC0415

    with counted(STEPS + max(1, len(metrics)), "steps", wanted=options.progress) as progress:
        return analyze(
            options.test,
            _source(options.exposures, options.database),
            None if options.outcomes is None else _source(options.outcomes, options.database),
            matrices,
            metrics,
            progress=progress,
            kind=options.kind,
            window=options.window,
            lateness=options.lateness,
            past=options.past,
            baseline=options.baseline,
            until=options.until,
            horizon=options.horizon,
            timezone=options.timezone,
            alpha=options.alpha,
            estimate=options.estimate,
            correction=options.correction,
            segments=options.segment,
            seed=options.seed,
            require_metrics=True,
        )


def _source(values: Sequence[str], database: str | None) -> Any:
    from proctor.analysis.inputs.sources import Files, Query  # noqa: PLC0415

    if len(values) == 1 and _QUERY.match(values[0]):
        return Query(values[0], database)
    return Files(*values)


def read_metrics(options: argparse.Namespace) -> list[Metric]:
    """Return the metrics in the options. Raises CommandError if one is invalid."""
    guardrails, smallest = dict(options.guardrail), dict(options.smallest)
    lower = set(options.lower)
    found = []
    for text in options.metric or [*dict.fromkeys(guardrails)]:
        fields = _parsed(text, options.kind)
        name = fields["name"]
        try:
            metric = Metric(
                **fields,
                guardrail=guardrails.get(name),
                smallest=smallest.get(name),
                better="lower" if name in lower else "higher",
            )
        except ConfigurationError as error:
            raise CommandError(f"--metric {text}: {error}") from None
        found.append(metric)
    names = [metric.name for metric in found]
    for name in [*guardrails, *smallest, *lower]:
        if name not in names:
            raise CommandError(
                f"{name!r} is not in --metric; list all metrics to analyze there"
                f"{did_you_mean(name, names)}"
            )
    return found


def _parsed(text: str, kind: str) -> dict[str, Any]:
    name, colon, end = text.rpartition(":")
    quantile = _QUANTILE.fullmatch(end) if colon else None
    if quantile is not None and 0 < float(quantile[1]) < 100:
        return {"name": name, "kind": "quantile", "quantile": float(quantile[1]) / 100}
    if colon and end in ("mean", "proportion"):
        return {"name": name, "kind": end}
    if colon and name:
        raise CommandError(
            f"--metric {text}: expected mean, proportion or a quantile such as p90 after the "
            f"colon, got {end!r}"
        )
    numerator, slash, denominator = text.partition("/")
    if slash and numerator and denominator:
        return {"name": text, "numerator": numerator, "denominator": denominator}
    return {"name": text, "kind": kind}


def _form(options: argparse.Namespace) -> str:
    if options.format is not None:
        return str(options.format)
    end = (options.output or "").lower().rpartition(".")[2]
    return {"json": "json", "html": "html", "htm": "html"}.get(end, "table")


def _write(report: Report, form: str, output: str | None, out: TextIO) -> None:
    if form == "json":
        text = pretty_json(report.to_dict()) + "\n"
    elif form == "html":
        text = report.to_html()
    else:
        text = report.to_text()
    if output is not None:
        write_file(output, utf8(text))
    elif form == "html":
        write_utf8(out, text)
    else:
        out.write(text)
