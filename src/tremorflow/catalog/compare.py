"""Two catalogues side by side: what they share, what each has alone, and how far apart they put it."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.catalog.closeness import nanoseconds
from tremorflow.catalog.matching import Candidates, find_candidates, match_one_to_one
from tremorflow.counting import Fraction, fraction
from tremorflow.errors import CatalogError
from tremorflow.geodesy import east_north_km
from tremorflow.records import NANOSECONDS

CHANCE_SHIFT = pd.Timedelta(6, "h")  # DEFINITIONS: long against a burst, short against an episode
WIDE_GATE = 2.0  # location errors are also given at twice the gate, to show what the gate hides
PERCENTILES = (5, 16, 50, 84, 95)


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, median absolute deviation from it (not scaled) and percentiles of a quantity."""

    median: float
    mad: float
    percentiles: dict[str, float]


@dataclass(frozen=True, slots=True)
class Offsets:
    """How far apart matched events are, A minus B: time (s), east, north, depth and distance (km)."""

    n: int
    time_s: Spread
    east_km: Spread
    north_km: Spread
    depth_km: Spread
    distance_km: Spread


@dataclass(frozen=True, slots=True)
class Comparison:
    """Catalogue A, under test, against catalogue B, the reference or the truth.

    ``events_a`` and ``events_b`` are the events with time and place, in order of time, with the column
    ``state``: matched, duplicate (inside the gate of an event of the other catalogue, but not its match) or
    alone. ``pairs`` has a row per match: row in each, ids, and offsets A minus B.
    """

    name_a: str
    name_b: str
    max_time_s: float
    max_distance_km: float
    events_a: pd.DataFrame
    events_b: pd.DataFrame
    pairs: pd.DataFrame
    unlocated_a: int
    unlocated_b: int
    chance_matches: int
    wide: Offsets

    @property
    def matches(self) -> int:
        """Pairs found."""
        return len(self.pairs)

    @property
    def duplicates_a(self) -> int:
        """Further events of A inside the gate of an event of B."""
        return int((self.events_a["state"] == "duplicate").sum())

    @property
    def duplicates_b(self) -> int:
        """Further events of B inside the gate of an event of A."""
        return int((self.events_b["state"] == "duplicate").sum())

    @property
    def recall(self) -> Fraction:
        """Events of B that A has, each counted once."""
        return fraction(self.matches, len(self.events_b))

    @property
    def precision(self) -> Fraction:
        """Events of A that B has; a duplicate counts as one that B has not."""
        return fraction(self.matches, len(self.events_a))

    @property
    def precision_without_duplicates(self) -> Fraction:
        """Events of A that B has, duplicates left out of the count."""
        return fraction(self.matches, len(self.events_a) - self.duplicates_a)

    @property
    def chance_recall(self) -> Fraction:
        """Events of B that a copy of A shifted by 6 h has."""
        return fraction(self.chance_matches, len(self.events_b))

    @property
    def recall_above_chance(self) -> float:
        """Recall minus chance recall."""
        return self.recall.value - self.chance_recall.value

    @property
    def multiple(self) -> float:
        """Events of A for each event of B."""
        return len(self.events_a) / len(self.events_b) if len(self.events_b) else float("nan")

    @property
    def offsets(self) -> Offsets:
        """Offsets of the matches."""
        return summarise_offsets(self.pairs)


def compare_catalogs(
    a: pd.DataFrame,
    b: pd.DataFrame,
    max_time_s: float = 150.0,
    max_distance_km: float = 50.0,
    names: tuple[str, str] = ("A", "B"),
) -> Comparison:
    """Match catalogue ``a`` (under test) with ``b`` (reference or truth) and say how they agree.

    Parameters
    ----------
    a, b
        Event tables. Events without time or place are counted and left out.
    max_time_s
        Times at most this far apart, or bursts (``start_time`` to ``end_time``) that overlap, may match.
        150 s is half a five-minute window.
    max_distance_km
        And epicentres at most this far apart.
    names
        What to call the two.

    Raises
    ------
    CatalogError
        A gate that is not positive, or a burst that ends before it starts.

    Notes
    -----
    One to one. Of all choices with the most pairs, the one with the least sum of
    (dt / max_time_s)^2 + (distance / max_distance_km)^2; ``match_one_to_one``. Every event of ``b`` counts
    once in the recall, however many events of ``a`` it has. The chance recall is that of ``a`` shifted by
    +6 h. Both catalogues should be of the same period and region: events outside count as missed or false.
    """
    if not (max_time_s > 0 and max_distance_km > 0):
        raise CatalogError(
            f"the gate of {max_time_s} s and {max_distance_km} km holds nothing; both must be positive"
        )
    placed_a, placed_b = _placed(a), _placed(b)
    candidates = find_candidates(placed_a, placed_b, max_time_s, max_distance_km)
    chosen = match_one_to_one(candidates, len(placed_a), len(placed_b))
    shifted = placed_a.copy()
    for name in ("time", "start_time", "end_time"):
        shifted[name] += CHANCE_SHIFT
    by_chance = find_candidates(shifted, placed_b, max_time_s, max_distance_km)
    wide = find_candidates(placed_a, placed_b, max_time_s, WIDE_GATE * max_distance_km)
    wide_chosen = match_one_to_one(wide, len(placed_a), len(placed_b))
    return Comparison(
        *names,
        max_time_s=max_time_s,
        max_distance_km=max_distance_km,
        events_a=placed_a.assign(state=_states(candidates.a, chosen, len(placed_a))),
        events_b=placed_b.assign(state=_states(candidates.b, chosen, len(placed_b))),
        pairs=_pair_table(placed_a, placed_b, candidates, chosen),
        unlocated_a=len(a) - len(placed_a),
        unlocated_b=len(b) - len(placed_b),
        chance_matches=len(match_one_to_one(by_chance, len(placed_a), len(placed_b))),
        wide=summarise_offsets(_pair_table(placed_a, placed_b, wide, wide_chosen)),
    )


def summarise_offsets(pairs: pd.DataFrame) -> Offsets:
    """Median, MAD and percentiles of the offsets of matched pairs."""
    columns = ("time_s", "east_km", "north_km", "depth_km", "distance_km")
    return Offsets(len(pairs), *(spread(pairs[name].to_numpy()) for name in columns))


def spread(values: NDArray[np.float64]) -> Spread:
    """Median, median absolute deviation and percentiles of the values that are not NaN."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Spread(float("nan"), float("nan"), {str(p): float("nan") for p in PERCENTILES})
    median = float(np.median(known))
    percentiles = np.percentile(known, PERCENTILES)
    mad = float(np.median(np.abs(known - median)))
    return Spread(median, mad, {str(p): float(v) for p, v in zip(PERCENTILES, percentiles, strict=True)})


def comparison_summary(comparison: Comparison) -> dict[str, Any]:
    """All numbers of a comparison as plain types, for JSON; None where there is no number."""
    c = comparison
    summary: dict[str, Any] = {"a": _about(c.name_a, c.events_a, c.unlocated_a, c.duplicates_a)}
    summary["b"] = _about(c.name_b, c.events_b, c.unlocated_b, c.duplicates_b)
    summary["gate"] = {"max_time_s": c.max_time_s, "max_distance_km": c.max_distance_km}
    summary["gate"]["cost"] = "(dt / max_time_s)^2 + (distance / max_distance_km)^2"
    summary["matches"] = c.matches
    summary["multiple_a_over_b"] = c.multiple
    for name in ("recall", "chance_recall", "precision", "precision_without_duplicates"):
        summary[name] = asdict(getattr(c, name))
    summary["recall_above_chance"] = c.recall_above_chance
    summary["chance_shift_s"] = CHANCE_SHIFT.total_seconds()
    summary["offsets_a_minus_b"] = asdict(c.offsets)
    summary["wide_gate_km"] = WIDE_GATE * c.max_distance_km
    summary["offsets_a_minus_b_wide_gate"] = asdict(c.wide)
    cleaned: dict[str, Any] = _without_nan(summary)
    return cleaned


def comparison_table(comparison: Comparison) -> str:
    """All numbers of a comparison as a text table."""
    c = comparison
    lines = [
        f"A (tested)     {c.name_a}",
        f"B (reference)  {c.name_b}",
        f"gate           {c.max_time_s:g} s or overlap, and {c.max_distance_km:g} km; one to one",
        "",
        f"{'':24}{'A':>10}{'B':>10}",
        f"{'events with a place':24}{len(c.events_a):>10}{len(c.events_b):>10}",
        f"{'without time or place':24}{c.unlocated_a:>10}{c.unlocated_b:>10}",
        f"{'matched':24}{c.matches:>10}{c.matches:>10}",
        f"{'duplicates':24}{c.duplicates_a:>10}{c.duplicates_b:>10}",
        f"{'alone':24}{_alone(c.events_a):>10}{_alone(c.events_b):>10}",
        "",
        f"multiple A/B                   {c.multiple:.3f}",
        _fraction_line("recall (of B)", c.recall),
        _fraction_line("  by chance (A + 6 h)", c.chance_recall),
        f"{'  above chance':31}{c.recall_above_chance:.3f}",
        _fraction_line("precision (of A)", c.precision),
        _fraction_line("  duplicates left out", c.precision_without_duplicates),
        "",
        *_offset_lines(f"offsets A - B, gate {c.max_distance_km:g} km", c.offsets),
        "",
        *_offset_lines(f"offsets A - B, gate {WIDE_GATE * c.max_distance_km:g} km", c.wide),
    ]
    return "\n".join(lines) + "\n"


def _placed(events: pd.DataFrame) -> pd.DataFrame:
    """Events with time and place in an order that does not depend on that of the rows."""
    known = events[["time", "latitude", "longitude"]].notna().all(axis=1)
    order = ["time", "latitude", "longitude", "event_id"]
    return events[known].sort_values(order, kind="stable").reset_index(drop=True)


def _states(indices: NDArray[np.intp], chosen: NDArray[np.intp], count: int) -> NDArray[np.object_]:
    states = np.full(count, "alone", dtype=object)
    states[indices] = "duplicate"
    states[indices[chosen]] = "matched"
    return states


def _pair_table(
    a: pd.DataFrame, b: pd.DataFrame, candidates: Candidates, chosen: NDArray[np.intp]
) -> pd.DataFrame:
    i, j = candidates.a[chosen], candidates.b[chosen]
    of_a, of_b = a.iloc[i].reset_index(drop=True), b.iloc[j].reset_index(drop=True)
    east, north = east_north_km(of_b["latitude"], of_b["longitude"], of_a["latitude"], of_a["longitude"])
    return pd.DataFrame(
        {
            "row_a": i,
            "row_b": j,
            "event_id_a": of_a["event_id"],
            "event_id_b": of_b["event_id"],
            "time_s": (nanoseconds(of_a["time"]) - nanoseconds(of_b["time"])) / NANOSECONDS,
            "east_km": np.asarray(east),
            "north_km": np.asarray(north),
            "depth_km": of_a["depth_km"] - of_b["depth_km"],
            "distance_km": np.hypot(east, north),
            "cost": candidates.cost[chosen],
        }
    )


def _about(name: str, events: pd.DataFrame, unlocated: int, duplicates: int) -> dict[str, Any]:
    times = events["time"]
    span = (
        [None, None] if events.empty else [f"{times.iloc[0].isoformat()}Z", f"{times.iloc[-1].isoformat()}Z"]
    )
    return {
        "name": name,
        "events": len(events),
        "without_time_or_place": unlocated,
        "duplicates": duplicates,
        "alone": _alone(events),
        "first_time": span[0],
        "last_time": span[1],
    }


def _alone(events: pd.DataFrame) -> int:
    return int((events["state"] == "alone").sum())


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    return None if isinstance(value, float) and np.isnan(value) else value


def _fraction_line(name: str, share: Fraction) -> str:
    return f"{name:31}{share.value:.3f}  [{share.low:.3f}, {share.high:.3f}]  {share.hits} of {share.of}"


def _offset_lines(title: str, offsets: Offsets) -> list[str]:
    head = f"{title + f' ({offsets.n} pairs)':36}{'median':>9}{'MAD':>9}"
    lines = [head + "".join(f"{f'p{p}':>9}" for p in PERCENTILES)]
    for name in ("time_s", "east_km", "north_km", "depth_km", "distance_km"):
        one: Spread = getattr(offsets, name)
        numbers = [one.median, one.mad, *one.percentiles.values()]
        lines.append(f"  {name:34}" + "".join(f"{number:>9.2f}" for number in numbers))
    return lines
