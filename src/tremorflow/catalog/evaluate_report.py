"""What an evaluation says, as a text table and as plain types for JSON."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from tremorflow import __version__
from tremorflow.catalog.evaluate import Evaluation
from tremorflow.catalog.evaluate_pairs import PairBin
from tremorflow.catalog.evaluate_recall import RecallBin
from tremorflow.catalog.evaluate_rules import NUISANCE_STATIONS, state_rules
from tremorflow.catalog.evaluate_scores import Bias, Coverage, Errors, Rate
from tremorflow.counting import Fraction

BIN_TITLES = {
    "n_stations_snr2": "by stations with SNR >= 2",
    "snr_best": "by best SNR of a station",
    "log10_energy_j": "by log10 of the energy in J",
    "region": "by region",
}


def evaluation_json(evaluation: Evaluation) -> dict[str, Any]:
    """All numbers of an evaluation with its rules and settings, as plain types; None where there is none."""
    e = evaluation
    start, end = (f"{np.datetime_as_string(time, unit='ms')}Z" for time in e.span)
    summary = {
        "catalogue": e.name,
        "version": __version__,
        "rules": state_rules(e.settings),
        "settings": asdict(e.settings),
        "span": {"start": start, "end": end, "days": e.days},
        "events": _event_counts(e),
        "bursts": _burst_counts(e),
        "recall": e.recall,
        "chance_recall": e.chance_recall,
        "recall_above_chance": e.recall_above_chance,
        "chance_shift_s": e.chance_shift_s,
        "precision": e.precision,
        "precision_without_duplicates": e.precision_without_duplicates,
        "duplicates_per_match": e.duplicates_per_match,
        "recall_bins": e.recall_bins,
        "errors": e.errors,
        "errors_wide_gate": e.errors_wide,
        "pairs": e.pairs,
        "false_per_day": e.false,
    }
    plain: dict[str, Any] = _plain(summary)
    return plain


def _event_counts(e: Evaluation) -> dict[str, int]:
    return {
        "placed": len(e.comparison.events_a),
        "matched": e.comparison.matches,
        "duplicates": e.comparison.duplicates_a,
        "false": e.false.all.count,
        "without_time_or_place": e.unlocated,
        "outside_span": e.events_outside,
    }


def _burst_counts(e: Evaluation) -> dict[str, int]:
    bursts, matched, near = len(e.comparison.events_b), e.comparison.matches, e.comparison.duplicates_b
    return {
        "all": bursts,
        "matched": matched,
        "missed_near_an_event": near,
        "missed_alone": bursts - matched - near,
        "outside_span": e.bursts_outside,
    }


def evaluation_table(evaluation: Evaluation) -> str:
    """All numbers of an evaluation as a text table."""
    e = evaluation
    start, end = (np.datetime_as_string(time, unit="s") for time in e.span)
    gate_km, rules = e.settings.max_distance_km, state_rules(e.settings)
    lines = [
        f"catalogue   {e.name}",
        f"truth       {len(e.comparison.events_b)} bursts, {start}Z to {end}Z ({e.days:.3f} days)",
        f"gate        {e.settings.max_time_s:g} s or overlap, and {gate_km:g} km; one to one",
        "",
        f"events      {len(e.comparison.events_a)}: {e.comparison.matches} matched, "
        f"{e.comparison.duplicates_a} duplicates, {e.false.all.count} false",
        f"left out    {e.unlocated} without time or place, {e.events_outside} outside the span "
        f"(and {e.bursts_outside} bursts)",
        "",
        f"{'':31}value  95 % interval",
        share_line("recall", e.recall),
        share_line(f"  by chance (+ {e.chance_shift_s:g} s)", e.chance_recall),
        f"{'  above chance':31}{number(e.recall_above_chance)}",
        share_line("precision", e.precision),
        share_line("  duplicates left out", e.precision_without_duplicates),
        f"{'duplicates per matched burst':31}{number(e.duplicates_per_match)}",
        "",
        *_false_lines(e),
        "",
        *_recall_lines(e.recall_bins),
        *_error_lines(e.errors, e.errors_wide),
        "",
        *_pair_lines(e.pairs),
        "",
        "rules",
        *(f"  {name}: {rule}" for name, rule in rules.items()),
    ]
    return "\n".join(lines) + "\n"


def number(value: float, digits: int = 3) -> str:
    """Text of a number; a dash where there is none."""
    return f"{value:.{digits}f}" if math.isfinite(value) else "-"


def share_line(name: str, share: Fraction) -> str:
    """Line of a table with a share, its interval and its counts."""
    if not share.of:
        return f"{name:31}-      nothing to count"
    return f"{name:31}{share.value:.3f}  [{share.low:.3f}, {share.high:.3f}]  {share.hits} of {share.of}"


def _rate_line(name: str, rate: Rate) -> str:
    interval = f"[{number(rate.low, 2)}, {number(rate.high, 2)}]"
    return f"{name:31}{number(rate.value, 2):>6} {interval:18} {rate.count} events"


def _false_lines(e: Evaluation) -> list[str]:
    f = e.false
    lines = [
        _rate_line("false events per day", f.all),
        _rate_line("  near an earthquake", f.near_earthquake),
        _rate_line("  in the span of a nuisance", f.near_nuisance),
        _rate_line("  near nothing", f.near_nothing),
    ]
    if f.nuisance_cover > 0:
        kinds = ", ".join(f"{kind} {count}" for kind, count in f.nuisance_kinds.items()) or "none"
        lines.append(
            f"  nuisances of {NUISANCE_STATIONS} stations and more cover {f.nuisance_cover:.0%} of the time; "
            f"false events in them: {kinds}"
        )
    return lines


def _recall_lines(recall_bins: Mapping[str, Iterable[RecallBin]]) -> list[str]:
    lines = []
    for key, bins in recall_bins.items():
        lines.append(f"recall {BIN_TITLES[key]}")
        for one in bins:
            chance = f"  (chance {number(one.chance.value)})" if one.recall.of else ""
            lines.append(share_line(f"  {one.label}", one.recall) + chance)
        lines.append("")
    return lines


def _error_lines(narrow: Errors, wide: Errors) -> list[str]:
    both = (narrow, wide)
    head = f"{'errors of matched events':31}" + "".join(f"{f'{e.max_distance_km:g} km':>30}" for e in both)
    distances = [
        f"{one.median:.1f}, {one.p68:.1f}, {one.p90:.1f} ({one.n})" if one.n else "-"
        for one in (errors.location for errors in both)
    ]
    lines = [head, _cells("  distance: median, 68, 90 % (km)", distances)]
    for name, label in (
        ("east_km", "  east (km)"),
        ("north_km", "  north (km)"),
        ("depth_km", "  depth (km)"),
        ("time_s", "  time (s)"),
        ("energy_log10", "  log10 energy"),
    ):
        biases: list[Bias] = [getattr(errors, name) for errors in both]
        cells = [f"{b.median:+.2f}, {b.mad:.2f}, {number(b.sd, 2)} ({b.n})" if b.n else "-" for b in biases]
        lines.append(_cells(f"{label}: median, MAD, sd", cells))
    for name, label in (("ellipse", "68 % ellipse"), ("depth", "depth error"), ("energy", "energy error")):
        covered: list[Coverage] = [getattr(errors, name) for errors in both]
        lines.append(_cells(f"  truth in {label}", [_coverage_cell(one) for one in covered]))
    if narrow.energies_relative:
        lines.append(f"  {narrow.energies_relative} energies are relative: their median says nothing")
    return lines


def _cells(name: str, cells: Iterable[str]) -> str:
    return f"{name:33}" + "".join(f"{cell:>29}" for cell in cells)


def _coverage_cell(one: Coverage) -> str:
    share = one.share
    if not share.of:
        return "-"
    return f"{share.value:.2f} [{share.low:.2f}, {share.high:.2f}], x {one.scale:.2f}"


def _pair_lines(pairs: Iterable[PairBin]) -> list[str]:
    lines = [f"{'simultaneous bursts, km apart':31}resolved               one  none  extra events"]
    for one in pairs:
        share = one.resolved
        text = f"{share.value:.3f} [{share.low:.3f}, {share.high:.3f}]" if share.of else "-"
        counts = f"{one.one_found:>5} {one.none_found:>5} {one.extra_events:>6}   {share.of} pairs"
        lines.append(f"  {f'{one.low_km:g} to {one.high_km:g}':29}{text:21}{counts}")
    return lines


def _plain(value: Any) -> Any:
    """Value as JSON can hold it: results as dictionaries, None for what is not finite."""
    if hasattr(value, "__dataclass_fields__"):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
