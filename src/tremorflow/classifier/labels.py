"""Labels of windows from catalogues: where tremor or an earthquake should be seen, and where nothing is.

Sagae et al. (2025, doi:10.1029/2025JB031348) trained on all stations of S-net with labels from catalogues;
their rules are not public in detail, and those here are our own.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from tremorflow.classifier.dataset import SPLITS
from tremorflow.options import option, settings_class
from tremorflow.records import CLASSES, FloatArray

UNSURE, BOTH = -1, len(CLASSES)
"""Labels beside the places in ``CLASSES``: not to be used, and tremor and earthquake at once."""

LABEL_NAMES = (*CLASSES, "both")
CANDIDATES = 3  # times the cap: so many windows are looked at, since not all stand out of the noise
CODA_LENGTH = (0.87, 2.0)  # log10(length in s) = (M + 0.87) / 2.0: Lee et al. (1972), turned round


@settings_class
class LabelSettings:
    """When a window counts as tremor, earthquake or noise."""

    tremor_distance_km: float = option(
        40.0, unit="km", reason="epicentral; farther away few bursts of a catalogue are seen", gt=0
    )
    tremor_snr: float = option(
        1.5, unit="-", reason="lowest; labels below 1.2 cannot be learnt (first experiment)", ge=1
    )
    tremor_time: Literal["centre", "start"] = option(
        "centre",
        unit="-",
        reason="what a catalogue's time is that has no start_time and end_time; PNSN's are the starts of "
        "windows",
    )
    tremor_s: float = option(
        300.0,
        unit="s",
        reason="length where a catalogue has none: five minutes (PNSN, World Tremor Database)",
        gt=0,
    )
    tremor_widening: float = option(
        2.0,
        unit="-",
        reason="duration_s is a half-value width (DEFINITIONS.md); a burst lasts about twice as long, and "
        "SNR decides",
        ge=1,
    )
    tremor_depth_km: float = option(
        30.0, unit="km", reason="where a catalogue has none: 20 km more or less shift S by 5 s", ge=0
    )
    cover_s: float = option(30.0, unit="s", reason="of the window by tremor (DEFINITIONS.md)", gt=0)
    earthquake_snr: float = option(2.0, unit="-", reason="lowest (DEFINITIONS.md)", ge=1)
    quiet_s: float = option(600.0, unit="s", reason="noise: no event of a catalogue that close in time", ge=0)
    quiet_km: float = option(300.0, unit="km", reason="noise: nor that close in space", gt=0)
    cap: int = option(
        400,
        unit="windows",
        reason="of each class at each station: none outweighs, and 150 stations make 10 GB of dataset",
        ge=1,
    )
    margin_s: float = option(
        30.0, unit="s", reason="kept before and after each window: training shifts it that far", ge=0
    )
    test_stations: tuple[str, ...] = option(
        (), unit="-", reason="codes (N.S4N21, or how they begin: N.S4) that only test: unseen stations"
    )
    day_shares: tuple[float, float] = option(
        (0.15, 0.15),
        unit="-",
        reason='of whole days for "dev" and "test": neighbouring windows stay together',
    )

    def __post_init__(self) -> None:
        """Refuse shares of days that leave none to train on."""
        if min(self.day_shares) < 0 or sum(self.day_shares) >= 1:
            raise ValueError(f"day_shares = {self.day_shares}: must be >= 0 and leave days to train on")


@dataclass(frozen=True, slots=True)
class StationEvents:
    """What the catalogues let one station see, in seconds after any time.

    ``tremor_s`` (burst, 2) is S of the first and the last that a burst radiates, ``tremor_rows`` its row of
    the catalogue; ``distant_s`` (burst, 2) the same of bursts that may be seen but label nothing.
    ``onsets_s`` (onset,) are P and S of earthquakes, in order, ``onset_rows`` theirs.
    ``shaken_s`` (span, 2) is from the origin to the end of the coda of earthquakes that are seen;
    ``busy_s`` (span, 2) is when no window is noise.
    """

    tremor_s: FloatArray
    tremor_rows: NDArray[np.int64]
    distant_s: FloatArray
    onsets_s: FloatArray
    onset_rows: NDArray[np.int64]
    shaken_s: FloatArray
    busy_s: FloatArray


@dataclass(frozen=True, slots=True)
class Labels:
    """What the catalogues say of windows: ``values`` (station, window) and the event that each is of.

    ``events`` (station, window) are rows of the catalogue that the label is from, -1 without.
    """

    values: NDArray[np.int8]
    events: NDArray[np.int32]


def label_windows(
    starts_s: FloatArray,
    margins_s: FloatArray,
    window_s: float,
    seen: StationEvents,
    settings: LabelSettings,
) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """Labels of the windows of one station, and the rows of the catalogues that they are from.

    Parameters
    ----------
    starts_s : (window,)
        Starts, in seconds as those of ``seen``.
    margins_s : (window,)
        How far training may shift a window either way: a label must be true of all shifts.
    window_s
        Length.
    seen
        Events.
    settings
        ``cover_s`` counts.

    Returns
    -------
    Labels: tremor covers ``cover_s`` and nothing of an earthquake is there; P or S of an earthquake is
    there, and no tremor, not even distant; both; noise: nothing is, not even near. All else is ``UNSURE``,
    as what lies at an edge, and tremor within the coda of an earthquake.
    """
    shifted = starts_s + margins_s * np.array([[-1.0], [0.0], [1.0]])
    tremor = covered_s(seen.tremor_s, shifted, window_s)
    onsets = _count_inside(seen.onsets_s, shifted, window_s)
    tremor_always, tremor_never = (tremor >= settings.cover_s).all(axis=0), (tremor == 0).all(axis=0)
    onset_always, onset_never = (onsets > 0).all(axis=0), (onsets == 0).all(axis=0)
    still = onset_never & (covered_s(seen.shaken_s, shifted, window_s) == 0).all(axis=0)
    quiet = (covered_s(seen.busy_s, shifted, window_s) == 0).all(axis=0)
    values = np.full(len(starts_s), UNSURE, dtype=np.int8)
    values[quiet & still & tremor_never] = CLASSES.index("noise")
    values[tremor_always & still] = CLASSES.index("tremor")
    alone = tremor_never & (covered_s(seen.distant_s, shifted, window_s) == 0).all(axis=0)
    values[onset_always & alone] = CLASSES.index("earthquake")
    values[onset_always & tremor_always] = BOTH
    return values, _events_of(values, starts_s, window_s, seen)


def covered_s(spans_s: FloatArray, starts_s: FloatArray, window_s: float) -> FloatArray:
    """How much of windows lies in any of some spans (span, 2), in s; of the shape of ``starts_s``."""
    if not len(spans_s):
        return np.zeros(np.shape(starts_s))
    ordered = spans_s[np.argsort(spans_s[:, 0], kind="stable")]
    ends = np.maximum.accumulate(ordered[:, 1])
    new = np.append(True, ordered[1:, 0] > ends[:-1])
    edges = np.stack([ordered[new, 0], ends[np.append(new[1:], True)]], axis=1)
    lengths = np.cumsum(edges[:, 1] - edges[:, 0])
    total = np.stack([np.append(0.0, lengths[:-1]), lengths], axis=1).ravel()
    before, after = (np.interp(t, edges.ravel(), total) for t in (starts_s, starts_s + window_s))
    return np.asarray(after - before)


def _count_inside(times_s: FloatArray, starts_s: FloatArray, window_s: float) -> NDArray[np.int64]:
    """How many of some times, in order, lie in windows."""
    first, last = (np.searchsorted(times_s, t, side="left") for t in (starts_s, starts_s + window_s))
    return np.asarray(last - first)


def _events_of(
    values: NDArray[np.int8], starts_s: FloatArray, window_s: float, seen: StationEvents
) -> NDArray[np.int32]:
    """Rows of the catalogues: of tremor the burst that lies nearest, of an earthquake the first onset."""
    rows = np.full(len(values), -1, dtype=np.int32)
    tremor = values == CLASSES.index("tremor")
    if tremor.any():
        middles = seen.tremor_s.mean(axis=1)
        order = np.argsort(middles)
        between = (middles[order][1:] + middles[order][:-1]) / 2
        nearest = np.searchsorted(between, starts_s[tremor] + window_s / 2)
        rows[tremor] = seen.tremor_rows[order][nearest]
    onset = (values == CLASSES.index("earthquake")) | (values == BOTH)
    if onset.any():
        rows[onset] = seen.onset_rows[np.searchsorted(seen.onsets_s, starts_s[onset])]
    return rows


def is_seen(magnitudes: FloatArray, distances: FloatArray) -> NDArray[np.bool_]:
    """Whether an earthquake of a magnitude may stand out at a distance (km): M 1 to 30 km, M 2 100, M 3 300.

    A first sieve; the SNR that is measured decides.
    """
    return np.asarray(np.log10(np.maximum(distances, 1.0)) <= 1.0 + 0.5 * magnitudes)


def coda_length_s(magnitudes: FloatArray) -> FloatArray:
    """How long the ground moves after P, in s: 86 s of M 3, 14 min of M 5, 2.4 h of M 7."""
    shift, slope = CODA_LENGTH
    return np.asarray(10 ** ((magnitudes + shift) / slope))


def choose_signals(
    labels: Labels, magnitudes: FloatArray, settings: LabelSettings, rng: Generator
) -> pd.DataFrame:
    """Draw the windows of tremor and earthquakes to look at: ``station``, ``window``, ``label``, ``event``.

    At each station at most ``CANDIDATES`` times the cap of a class; of more earthquakes than that, as many
    of each half magnitude as there are.
    """
    parts = []
    for station, values in enumerate(labels.values):
        for label in (1, 2, BOTH):
            rows = np.flatnonzero(values == label)
            limit = CANDIDATES * settings.cap
            if label == 2 and len(rows) > limit:
                rows = _by_magnitude(rows, magnitudes[labels.events[station, rows]], limit, rng)
            parts.append(_chosen(labels, station, label, rng.permutation(rows)[:limit]))
    return pd.concat(parts, ignore_index=True)


def choose_noise(
    labels: Labels, counts: dict[tuple[int, str], int], splits: NDArray[np.int8], rng: Generator
) -> pd.DataFrame:
    """Draw noise: at each station and split as many windows as ``counts`` says, as far as there are.

    ``splits`` is (station, window), places in ``SPLITS``.
    """
    parts = [_chosen(labels, 0, 0, np.empty(0, dtype=np.int64))]
    for (station, split), count in sorted(counts.items()):
        rows = np.flatnonzero((labels.values[station] == 0) & (splits[station] == SPLITS.index(split)))
        parts.append(_chosen(labels, station, 0, rng.permutation(rows)[:count]))
    return pd.concat(parts, ignore_index=True)


def _chosen(labels: Labels, station: int, label: int, rows: NDArray[np.int64]) -> pd.DataFrame:
    rows = np.sort(rows)
    columns = {"station": station, "window": rows, "label": label, "event": labels.events[station, rows]}
    return pd.DataFrame(columns)


def _by_magnitude(
    rows: NDArray[np.int64], magnitudes: FloatArray, limit: int, rng: Generator
) -> NDArray[np.int64]:
    """``limit`` rows, as equal in number per half magnitude as there are."""
    order = rng.permutation(len(rows))
    bins = np.floor(2 * magnitudes[order])
    rank = pd.Series(bins).groupby(bins).cumcount().to_numpy()
    return np.asarray(rows[order[np.argsort(rank, kind="stable")[:limit]]])


def split_of_days(
    days: NDArray[np.int64], with_tremor: NDArray[np.int64], settings: LabelSettings, rng: Generator
) -> dict[int, str]:
    """Split of each whole day; those ``with_tremor`` (numbers of days) and the others are drawn apart.

    So each split has of both as far as there are: of two days or more of a kind one at least is "dev", of
    three one "test", and one trains.
    """
    unique = np.unique(days)
    found: dict[int, str] = {}
    for part in (unique[np.isin(unique, with_tremor)], unique[~np.isin(unique, with_tremor)]):
        left, names = len(part) - 1, []
        for name, share in zip(("dev", "test"), settings.day_shares, strict=True):
            count = min(max(round(share * len(part)), 1), left) if share > 0 and left > 0 else 0
            names += [name] * count
            left -= count
        names += ["train"] * (len(part) - len(names))
        found |= zip(map(int, rng.permutation(part)), names, strict=True)
    return found
