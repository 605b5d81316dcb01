"""Groups by a fit of sources: which ones, how strong, would make the stations say what they say."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtr

from tremorflow.associate.graph import CLIP, StationGraph, log_odds
from tremorflow.associate.hearing import Hearing
from tremorflow.associate.settings import AssociationSettings
from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.records import FloatArray

LEVELS = np.geomspace(0.03, 60.0, 40)
"""SNR in steps of a fifth: below the first no station hears anything, above the last every one does."""

SIZES = np.geomspace(0.4, 80.0, 14)
"""SNR of trial sources at ``REFERENCE_KM``, in steps of a half."""

REFERENCE_KM = 25.0
FREQUENCY_HZ = 4.0  # about the middle of 2-8 Hz for tremor, which falls with frequency
ODDS_BINS = 64
WIDEST = float(-logit(CLIP))  # log-odds that are told apart
SPREAD_SNR, SPREAD_STEEPNESS = 0.4, 1.2  # of the spread, over those of the mean: bench grasp
STRIDE_KM = 60.0  # that a source moves in one round
MAX_ROUNDS = 6  # of refitting each source while the others stay; two or three mostly do

Levels = NDArray[np.uint8]


class Cut(NamedTuple):
    """Groups of one window: the stations of each, the latitude and longitude it points to, and its gain."""

    members: list[NDArray[np.intp]]
    places: list[tuple[float, float]]
    gains: list[float]


@dataclass(frozen=True, slots=True)
class SourceGrid:
    """What every station would hear of every trial source.

    A trial is a node of the grid and one of ``SIZES``; sizes run fastest. ``latitudes`` and ``longitudes``
    are (node,), ``levels`` (trial, station) places in ``LEVELS``; ``around`` are the nodes within
    ``STRIDE_KM`` of each node, ``nearest`` (station,) is the node next to each station, and ``coarse`` are
    trials at every second row and column of nodes and every second size.
    """

    latitudes: FloatArray
    longitudes: FloatArray
    levels: Levels
    around: tuple[NDArray[np.intp], ...]
    nearest: NDArray[np.intp]
    coarse: NDArray[np.intp]

    def heard_by(self, known: NDArray[np.intp]) -> "HeardGrid":
        """Keep what some of the stations (n,) would hear."""
        places = self.levels.take(known, axis=1) + np.arange(len(known), dtype=np.int32) * len(LEVELS)
        by_node = places.reshape(-1, len(SIZES), len(known))
        return HeardGrid(self, known, by_node, places[self.coarse].astype(np.intp))


@dataclass(frozen=True, slots=True)
class HeardGrid:
    """A grid as those stations hear it that have a probability: mostly the same ones for many windows.

    ``known`` (n,) are these stations. What they hear of a trial are places in a flat table (n, level): of all
    trials ``places`` (node, size, n), and of the coarse ones ``coarse_places`` (trial, n).
    """

    grid: SourceGrid
    known: NDArray[np.intp]
    places: NDArray[np.int32]
    coarse_places: NDArray[np.intp]


def source_grid(graph: StationGraph, settings: AssociationSettings, sensitivity: FloatArray) -> SourceGrid:
    """Trial sources over the network and ``margin_km`` around it, and how stations (station,) hear them.

    Notes
    -----
    SNR at hypocentral distance r: (r0 / r) exp(-pi f (r - r0) / (Q v)) times that at r0 = 25 km, times the
    sensitivity of the station.
    """
    network = graph.network
    frame = LocalFrame(float(network.latitudes.mean()), float(network.longitudes.mean()))
    east, north = frame.to_km(network.latitudes, network.longitudes)
    axes = [
        np.arange(x.min() - settings.margin_km, x.max() + settings.margin_km + 1, settings.node_km)
        for x in (east, north)
    ]
    x, y = (axis.ravel() for axis in np.meshgrid(*axes))
    is_coarse = np.outer(np.arange(len(axes[1])) % 2 == 0, np.arange(len(axes[0])) % 2 == 0).ravel()
    near = np.hypot(x[:, None] - east, y[:, None] - north).min(axis=1) <= settings.margin_km
    x, y, is_coarse = x[near], y[near], is_coarse[near]
    latitudes, longitudes = frame.to_degrees(x, y)
    away = distances_km(latitudes[:, None], longitudes[:, None], network.latitudes, network.longitudes)
    levels = levels_heard(away, settings, sensitivity)
    apart = np.hypot(x[:, None] - x, y[:, None] - y)
    return SourceGrid(
        latitudes,
        longitudes,
        levels.reshape(-1, len(network)),
        tuple(np.flatnonzero(row <= STRIDE_KM) for row in apart),
        away.argmin(axis=0),
        (np.flatnonzero(is_coarse)[:, None] * len(SIZES) + np.arange(0, len(SIZES), 2)).ravel(),
    )


def amplitude(distance_km: FloatArray, settings: AssociationSettings) -> FloatArray:
    """Amplitude of S at an epicentral distance, over that at ``REFERENCE_KM``."""
    r = np.hypot(distance_km, settings.depth_km)
    decay = np.pi * FREQUENCY_HZ * (r - REFERENCE_KM) / (settings.quality_factor * settings.s_speed_km_s)
    return np.asarray(REFERENCE_KM / r * np.exp(-decay))


def levels_heard(away_km: FloatArray, settings: AssociationSettings, sensitivity: FloatArray) -> Levels:
    """Level (place, size, station) of a source of each of ``SIZES`` at these distances (place, station)."""
    return level_of((amplitude(away_km, settings) * sensitivity)[:, None] * SIZES[:, None])


def level_of(snr: FloatArray) -> Levels:
    """Place of the nearest of ``LEVELS``."""
    step = np.log(LEVELS[1] / LEVELS[0])
    place = np.rint(np.log(np.maximum(snr, LEVELS[0]) / LEVELS[0]) / step)
    return np.asarray(np.clip(place, 0, len(LEVELS) - 1), dtype=np.uint8)


TOGETHER = level_of(np.hypot(LEVELS[:, None], LEVELS))
"""(level, level) of two sources at once: powers add; the lowest level adds nothing to itself."""

TOGETHER[0, 0] = 0


def odds_at(
    snr: FloatArray, settings: AssociationSettings, hearing: Hearing | None = None
) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of the log-odds of tremor that DiET gives at an SNR, as measured.

    Of an SNR of any shape, at a typical station; or (station, snr) of an SNR (snr,) at each station.
    """
    silent: FloatArray | float = settings.odds_silent
    narrow: FloatArray | float = settings.spread_silent
    if hearing is not None:
        silent, narrow = hearing.silent[:, None], hearing.spread[:, None]
    above = np.log(snr / settings.odds_snr)
    loud = expit(settings.odds_steepness * above)
    mean = silent + (settings.odds_loud - silent) * loud
    wide = expit(SPREAD_STEEPNESS * settings.odds_steepness * (above - np.log(SPREAD_SNR)))
    return mean, narrow + (settings.spread_loud - narrow) * wide


@lru_cache(maxsize=4)  # of a run and of one shifted in time, in the order of the network and by code
def likelihood_tables(settings: AssociationSettings, hearing: Hearing) -> NDArray[np.float32]:
    """Log likelihood (station, bin, level) of log-odds at an SNR, over that where nothing is heard.

    Notes
    -----
    Log-odds follow Student's t, for their tails are heavy; mean and spread are logistic in ln SNR, as
    measured (``benchmarks/science/grasp.py`` fits it), and begin at those of the station. What lies beyond
    the ends counts there. A share ``outliers`` of the stations says anything, so that no single one decides.
    """
    mean, spread = (values[:, None, :] for values in odds_at(LEVELS, settings, hearing))
    inner = np.linspace(-WIDEST, WIDEST, ODDS_BINS + 1)[1:-1, None]
    reached = stdtr(settings.odds_freedom, (inner - mean) / spread)
    ends = np.ones_like(mean)
    reached = np.concatenate([0 * ends, reached, ends], axis=1)
    share = (1 - settings.outliers) * np.diff(reached, axis=1) + settings.outliers / ODDS_BINS
    table = np.log(share)
    gains = np.asarray(table - table[:, :, :1], dtype=np.float32)
    gains.setflags(write=False)
    return gains


def odds_bins(odds: FloatArray) -> NDArray[np.intp]:
    """Bin of the likelihood table (same shape) that each log-odds falls into."""
    bins = ((odds + WIDEST) / (2 * WIDEST) * ODDS_BINS).astype(np.intp)
    return np.minimum(bins, ODDS_BINS - 1)


class SourceFit:
    """Cuts windows by a fit of sources: each station belongs to the one that it should hear loudest."""

    def __init__(self, graph: StationGraph, settings: AssociationSettings, hearing: Hearing) -> None:
        self.settings, self.graph = settings, graph
        self.grid = source_grid(graph, settings, hearing.sensitivity)
        self.tables = likelihood_tables(settings, hearing)
        self._heard = self.grid.heard_by(np.arange(len(graph.network)))

    def __call__(self, p_tremor: FloatArray, heights: FloatArray) -> Cut:
        """Cut one window, by probabilities (station,), from the peaks of smoothed log-odds (station,)."""
        fit = self._window_fit(p_tremor)
        trials = fit.sources(self.grid.nearest[peaks_of(heights, self.graph)], self.settings.penalty)
        return self._cut(trials, fit, p_tremor)

    def best_alone(self, p_tremor: FloatArray) -> Cut:
        """Cut one window by the single source that explains it best, whatever that is worth."""
        fit = self._window_fit(p_tremor)
        return self._cut([fit.best_alone()], fit, p_tremor)

    def _window_fit(self, p_tremor: FloatArray) -> "WindowFit":
        """Fit of one window; what is heard of the grid is kept while the same stations say anything."""
        odds = log_odds(p_tremor)
        known = np.flatnonzero(np.isfinite(odds))
        if not np.array_equal(known, self._heard.known):
            self._heard = self.grid.heard_by(known)
        return WindowFit(odds, self._heard, self.tables)

    def _cut(self, trials: list[int], fit: "WindowFit", p_tremor: FloatArray) -> Cut:
        """Give each station to the source that it should hear loudest."""
        levels = self.grid.levels[trials]
        loudest = levels.argmax(axis=0) if trials else np.zeros(len(p_tremor), dtype=np.intp)
        heard = levels.max(axis=0, initial=0) >= level_of(np.array(self.settings.heard_snr))
        joins = heard & (np.nan_to_num(p_tremor, nan=0.0) >= self.settings.member_probability)
        members = [np.flatnonzero(joins & (loudest == k)) for k in range(len(trials))]
        nodes = [trial // len(SIZES) for trial in trials]
        places = [(float(self.grid.latitudes[k]), float(self.grid.longitudes[k])) for k in nodes]
        return Cut(members, places, fit.gains_of(trials))


def peaks_of(heights: FloatArray, graph: StationGraph) -> NDArray[np.intp]:
    """Stations whose smoothed log-odds are positive and the highest among their neighbours."""
    filled = np.nan_to_num(heights, nan=-np.inf)
    beaten = graph.adjacent & (filled[None, :] > filled[:, None])
    return np.flatnonzero((filled > 0) & ~beaten.any(axis=1))


class WindowFit:
    """The log-odds of one window, and sources that explain them together.

    Notes
    -----
    What a station hears is the power of all sources. The fit starts from a source at every peak of the
    smoothed log-odds, and from the best single one; moves each in turn to where it fits best while the others
    stay; drops those without which the log likelihood falls by less than the penalty; and adds those that
    raise it by more.
    """

    def __init__(self, odds: FloatArray, heard: HeardGrid, tables: NDArray[np.float32]) -> None:
        self.gains = tables[heard.known, odds_bins(odds[heard.known])]
        self.heard, self.grid = heard, heard.grid
        self.rows = np.arange(len(heard.known))
        self._found: dict[tuple[tuple[int, ...], int | None], int] = {}  # the same is asked for repeatedly

    def sources(self, nodes: NDArray[np.intp], penalty: float) -> list[int]:
        """Trials that explain the window best, each for at least a penalty; ``nodes`` to begin at."""
        candidates = [self._grown([], penalty)]
        if len(nodes) > 1:
            start: list[int] = []
            for node in nodes:
                start.append(self._best(start, int(node)))
            candidates.append(self._grown(self._pruned(self._settled(start), penalty), penalty))
        return max(candidates, key=lambda found: self._total(found) - penalty * len(found))

    def best_alone(self) -> int:
        """Trial that explains the window best if it is the only one."""
        return self._settled([self._best([])])[0]

    def gains_of(self, trials: list[int]) -> list[float]:
        """Log likelihood that each of some sources adds to the others."""
        total = self._total(trials)
        return [total - self._total(trials[:k] + trials[k + 1 :]) for k in range(len(trials))]

    def _grown(self, found: list[int], penalty: float) -> list[int]:
        """Add to sources further ones as long as each adds more than the penalty."""
        while True:
            longer = self._settled([*found, self._best(found)])
            if self._total(longer) <= self._total(found) + penalty:
                return found
            found = longer

    def _pruned(self, found: list[int], penalty: float) -> list[int]:
        """Drop of sources those that are worth less than the penalty, the least one first."""
        while found:
            shorter = [self._settled(found[:k] + found[k + 1 :]) for k in range(len(found))]
            best = max(shorter, key=self._total)
            if self._total(best) + penalty < self._total(found):
                return found
            found = best
        return found

    def _settled(self, found: list[int]) -> list[int]:
        """Move sources in turn, within a stride a round, until none moves any more."""
        found = list(found)
        for _ in range(MAX_ROUNDS if len(found) > 1 else 1):
            before = list(found)
            for k, trial in enumerate(before):
                others = found[:k] + found[k + 1 :]
                found[k] = self._best(others, trial // len(SIZES))
            if found == before:
                break
        return found

    def _levels(self, trials: list[int]) -> Levels:
        """Level (station,) of some sources together, 0 without any."""
        total = np.zeros(len(self.heard.known), dtype=np.uint8)
        for trial in trials:
            total = TOGETHER[total, self.grid.levels[trial, self.heard.known]]
        return total

    def _total(self, trials: list[int]) -> float:
        """Log likelihood of some sources, over that of none."""
        return float(self.gains[self.rows, self._levels(trials)].sum())

    def _best(self, others: list[int], node: int | None = None) -> int:
        """Trial around a node, or of the coarse ones of the whole grid, that is best beside others."""
        key = tuple(others), node
        if key not in self._found:
            self._found[key] = self._search(others, node)
        return self._found[key]

    def _search(self, others: list[int], node: int | None) -> int:
        """As ``_best``, anew."""
        gains = self.gains[self.rows[:, None], TOGETHER[self._levels(others)]].ravel()
        if node is None:
            return int(self.grid.coarse[gains.take(self.heard.coarse_places).sum(axis=1).argmax()])
        nodes = self.grid.around[node]
        best = int(gains.take(self.heard.places[nodes]).sum(axis=2).argmax())
        return int(nodes[best // len(SIZES)]) * len(SIZES) + best % len(SIZES)
