"""Errors of matched events and whether the stated errors hold them; rates with their intervals."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaincinv

from tremorflow.catalog.compare import Comparison, Spread, spread
from tremorflow.counting import Fraction, fraction

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

NORMAL_68 = 0.6827  # probability within one standard deviation
ELLIPSE_68 = 0.68  # probability inside of the error ellipse (DEFINITIONS)


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per day, with the exact 95 % interval of a Poisson count; NaN if no time was looked at."""

    count: int
    days: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """Truths inside of the stated 68 % error bars, and the factor that would make them 68 %."""

    share: Fraction
    nominal: float
    scale: float


@dataclass(frozen=True, slots=True)
class DistanceError:
    """Epicentral distance between event and truth (km): median and the distances that hold 68 and 90 %."""

    n: int
    median: float
    p68: float
    p90: float


@dataclass(frozen=True, slots=True)
class Bias:
    """Catalogue minus truth: number, median, median absolute deviation (not scaled), standard deviation."""

    n: int
    median: float
    mad: float
    sd: float


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of matched events, catalogue minus truth, and whether the stated errors hold them."""

    max_distance_km: float
    location: DistanceError
    ellipse: Coverage
    east_km: Bias
    north_km: Bias
    time_s: Bias
    depth_km: Bias
    depth: Coverage
    energy_log10: Bias
    energy: Coverage
    energies_relative: int  # of energy_log10.n: a median other than 0 says nothing for these


def poisson_rate(count: int, days: float) -> Rate:
    """Rate of ``count`` events in ``days`` with its exact 95 % interval (Garwood 1936)."""
    if not days > 0:
        return Rate(count, days, float("nan"), float("nan"), float("nan"))
    low = float(gammaincinv(count, 0.025)) if count else 0.0
    high = float(gammaincinv(count + 1, 0.975))
    return Rate(count, days, count / days, low / days, high / days)


def score_errors(comparison: Comparison) -> Errors:
    """Errors of the matched pairs of a catalogue (A) and the truth (B).

    Notes
    -----
    An error bar counts where it is given and positive. The ellipse is turned by its azimuth from north; the
    truth is inside if (along / semi-major)^2 + (across / semi-minor)^2 <= 1. A gate that cuts off large
    errors raises the coverage: look at the wide gate too.
    """
    pairs = comparison.pairs
    of_a = comparison.events_a.iloc[pairs["row_a"].to_numpy()].reset_index(drop=True)
    of_b = comparison.events_b.iloc[pairs["row_b"].to_numpy()].reset_index(drop=True)
    energy = log10_positive(column_or_nan(of_a, "energy_j")) - log10_positive(of_b["energy_j"].to_numpy())
    depth = pairs["depth_km"].to_numpy()
    return Errors(
        max_distance_km=comparison.max_distance_km,
        location=_distance_error(pairs["distance_km"].to_numpy()),
        ellipse=coverage(ellipse_radius(of_a, pairs), ELLIPSE_68),
        east_km=bias(pairs["east_km"].to_numpy()),
        north_km=bias(pairs["north_km"].to_numpy()),
        time_s=bias(pairs["time_s"].to_numpy()),
        depth_km=bias(depth),
        depth=coverage(np.abs(depth) / positive(of_a["depth_error_km"].to_numpy()), NORMAL_68),
        energy_log10=bias(energy),
        energy=coverage(np.abs(energy) / positive(column_or_nan(of_a, "energy_log10_error")), NORMAL_68),
        energies_relative=int((_is_relative(of_a) & np.isfinite(energy)).sum()),
    )


def ellipse_radius(events: pd.DataFrame, pairs: pd.DataFrame) -> Numbers:
    """(pair,) distance of the truth from the event in units of its error ellipse; NaN without an ellipse."""
    azimuth = np.radians(events["azimuth_deg"].to_numpy())
    east, north = pairs["east_km"].to_numpy(), pairs["north_km"].to_numpy()
    along = east * np.sin(azimuth) + north * np.cos(azimuth)
    across = east * np.cos(azimuth) - north * np.sin(azimuth)
    major, minor = (positive(events[name].to_numpy()) for name in ("semi_major_km", "semi_minor_km"))
    return np.asarray(np.hypot(along / major, across / minor))


def coverage(radius: Numbers, nominal: float) -> Coverage:
    """Share of errors within their error bar, from their ratio to it (NaN where there is none)."""
    known = radius[np.isfinite(radius)]
    scale = float(np.quantile(known, nominal)) if len(known) else float("nan")
    return Coverage(fraction(int((known <= 1).sum()), len(known)), nominal, scale)


def bias(values: Numbers) -> Bias:
    """Median, median absolute deviation and standard deviation (n - 1) of the values that are known."""
    known = values[np.isfinite(values)]
    about: Spread = spread(known)
    sd = float(np.std(known, ddof=1)) if len(known) > 1 else float("nan")
    return Bias(len(known), about.median, about.mad, sd)


def _distance_error(distances: Numbers) -> DistanceError:
    if not len(distances):
        return DistanceError(0, float("nan"), float("nan"), float("nan"))
    return DistanceError(len(distances), *(float(q) for q in np.quantile(distances, (0.5, 0.68, 0.9))))


def column_or_nan(table: pd.DataFrame, name: str) -> Numbers:
    """(row,) numbers of a column that may be missing, NaN then."""
    if name not in table:
        return np.full(len(table), np.nan)
    return np.asarray(table[name].to_numpy(dtype=np.float64, na_value=np.nan))


def positive(values: Numbers) -> Numbers:
    """Values, NaN where they are not above zero."""
    return np.where(values > 0, values, np.nan)


def log10_positive(values: Numbers) -> Numbers:
    """Logarithm of the values above zero, NaN for the others."""
    return np.asarray(np.log10(positive(values)))


def _is_relative(events: pd.DataFrame) -> Flags:
    if "energy_is_relative" not in events:
        return np.zeros(len(events), dtype=bool)
    return events["energy_is_relative"].fillna(False).to_numpy(dtype=bool)
