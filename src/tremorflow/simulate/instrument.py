"""The recorder: ground motion becomes counts in the frame of the sensor, with what recorders do wrong."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray, Network, seconds
from tremorflow.simulate.scene import Motion, SampleGrid
from tremorflow.simulate.streams import generator

MISSING = ("dead", "dropout", "one_component")
"""Kinds of outage in which nothing is recorded on the components that are hit."""

SPIKE_S = 0.03  # longest spike that is not a damped pulse: three samples at 100 Hz
DECAYED = 12.0  # time constants after which a pulse or step ends: 6e-6 of its height
CLIPPING_GAP_S = 1.0  # clipped samples closer than this are one span: a wave swings to and fro


@settings_class
class InstrumentSettings:
    """The recorder and what goes wrong with it; a rate or share of 0 switches a fault off."""

    sensitivity: float = option(
        1.7e9,
        unit="counts/(m/s)",
        reason="Hi-net: 160-180 V/(m/s) and 1.023e-7 V per count (its channel table); 0.6 nm/s per count",
        gt=0,
    )
    adc_bits: Literal[24, 27] = option(27, unit="bits", reason="Hi-net; clips at 39 mm/s. Others have 24")
    frame: Literal["ENZ", "XYZ"] = option(
        "ENZ", unit="-", reason="land stations; XYZ is the frame of S-net: X along the cable, any roll"
    )
    spikes_per_day: float = option(
        2.0, unit="1/station-day", reason="assumed: electric pulses, seen on any network", ge=0
    )
    steps_per_day: float = option(
        0.5, unit="1/station-day", reason="assumed: a jump of the mass, which its high-pass lets decay", ge=0
    )
    dropouts_per_day: float = option(
        1.0, unit="1/station-day", reason="assumed: telemetry and files lose 1-600 s now and then", ge=0
    )
    dead_share: float = option(
        0.02, unit="-", reason="assumed: of 150 stations a few are out at any time", ge=0, le=1
    )
    one_component_share: float = option(
        0.02, unit="-", reason="assumed; old stations and broken sensors have one component", ge=0, le=1
    )
    clock_share: float = option(
        0.01, unit="-", reason="assumed: without GPS or cable time a clock drifts", ge=0, le=1
    )
    clock_offset_s: float = option(
        2.0, unit="s", reason="sd of wrong clocks: beyond the 0.5 s that a location tolerates", gt=0
    )
    polarity_share: float = option(
        0.02, unit="-", reason="assumed: one component with swapped wires", ge=0, le=1
    )
    orientation_share: float = option(
        0.03,
        unit="-",
        reason="assumed: horizontals turned against the metadata, as of a sensor that has moved",
        ge=0,
        le=1,
    )


class Recorded(NamedTuple):
    """One tile of a station: counts (component, time), 0 where nothing is ``present``."""

    counts: NDArray[np.int32]
    present: NDArray[np.bool_]


class _Outage(NamedTuple):
    """Row of the outage table in numbers: seconds since the start, places of the components that are hit."""

    kind: str
    start_s: float
    end_s: float
    components: list[int]
    value: float


class _Glitch(NamedTuple):
    """Electric disturbance: height (m/s) by component, decay (s, 0: a box of ``end_s``), oscillation (Hz)."""

    kind: str
    start_s: float
    end_s: float
    height: FloatArray
    decay_s: float
    frequency_hz: float


class Instrument:
    """Recorders of a network; made by ``make_instrument``."""

    def __init__(
        self,
        settings: InstrumentSettings,
        network: Network,
        grid: SampleGrid,
        seed: int,
        outages: pd.DataFrame,
    ) -> None:
        self.settings, self.network, self.grid, self.outages = settings, network, grid, outages
        codes = network.codes
        self._nominal = [_draw_rotation(settings.frame, code, seed) for code in codes]
        self._glitches = [_draw_glitches(settings, code, grid, seed) for code in codes]
        self._outages: dict[str, list[_Outage]] = {code: [] for code in codes}
        for row in outages.itertuples():
            self._outages[str(row.station)].append(self._in_numbers(row))

    def components(self, station: int) -> tuple[str, str, str]:
        """Names of the recorded components, in the order of the counts."""
        del station  # all stations of a network have one kind of sensor
        east, north, up = self.settings.frame
        return east, north, up

    def nominal_rotation(self, station: int) -> FloatArray:
        """(3, 3) matrix of the metadata: (east, north, up) = matrix (X, Y, Z); the identity for E, N, Z."""
        return self._nominal[station]

    def rotation(self, station: int, time_s: float = 0.0) -> FloatArray:
        """(3, 3) true matrix at a time (s since the start); differs where the orientation is wrong.

        Notes
        -----
        By ``value`` degrees an X, Y, Z sensor has rolled about its X axis, as S-net's cylinders do; an E, N,
        Z sensor is turned clockwise, seen from above. Polarity is no part of it.
        """
        for outage in self._active(station, "orientation", time_s, time_s):
            return self._turned(station, outage.value)
        return self._nominal[station]

    def clock_offsets_s(self, station: int, times_s: FloatArray) -> FloatArray:
        """How late (s) the station's clock stamps its samples, (time,): arrivals appear so much later."""
        offsets = np.zeros(len(times_s))
        for outage in self._active(station, "clock", float(times_s[0]), float(times_s[-1])):
            offsets[(times_s >= outage.start_s - 1e-9) & (times_s < outage.end_s - 1e-9)] += outage.value
        return offsets

    def record(self, motion: Motion, station: int, tile: int) -> Recorded:
        """Record one tile in counts.

        Parameters
        ----------
        motion : (3, ``tile_samples``), m/s
            East, north, up, the clock's error already in it (``clock_offsets_s``).
        """
        rate_hz, first = self.grid.rate_hz, tile * self.grid.tile_samples
        start_s, end_s = first / rate_hz, (first + motion.shape[1]) / rate_hz
        ground = motion.astype(np.float64)  # 27 bits are more than float32 holds
        sensor = self._nominal[station].T @ ground if self.settings.frame == "XYZ" else ground.copy()
        for outage in self._active(station, "orientation", start_s, end_s):
            hit = self._samples(outage.start_s, outage.end_s, tile)
            sensor[:, hit] = self._turned(station, outage.value).T @ ground[:, hit]
        for outage in self._active(station, "polarity", start_s, end_s):
            sensor[outage.components, self._samples(outage.start_s, outage.end_s, tile)] *= -1
        for glitch in self._glitches[station]:
            if glitch.start_s < end_s and glitch.end_s > start_s - SPIKE_S - 1 / rate_hz:
                self._add_glitch(sensor, glitch, tile)
        lowest, highest = self._limits()
        counts = np.clip(np.rint(sensor * self.settings.sensitivity), lowest, highest).astype(np.int32)
        present = np.ones(motion.shape, dtype=np.bool_)
        for kind in MISSING:
            for outage in self._active(station, kind, start_s, end_s):
                present[outage.components, self._samples(outage.start_s, outage.end_s, tile)] = False
        counts[~present] = 0
        return Recorded(counts, present)

    def nuisance_rows(self) -> list[dict[str, Any]]:
        """Rows of the nuisance table: spikes and steps of all stations, known before anything is recorded."""
        return [
            self._row(glitch.kind, glitch.start_s, glitch.end_s, station)
            for station, glitches in enumerate(self._glitches)
            for glitch in glitches
        ]

    def clipping_rows(self, recorded: Recorded, station: int, tile: int) -> list[dict[str, Any]]:
        """Rows of the nuisance table: spans of a recorded tile in which a component is at its limit.

        What clips is known only once all motion is there, so the writer collects these rows tile by tile.
        """
        lowest, highest = self._limits()
        counts = recorded.counts
        at_limit = np.flatnonzero(((counts <= lowest) | (counts >= highest)).any(axis=0))
        if not len(at_limit):
            return []
        rate_hz = self.grid.rate_hz
        breaks = np.flatnonzero(np.diff(at_limit) > CLIPPING_GAP_S * rate_hz)
        starts = at_limit[np.concatenate([[0], breaks + 1])]
        ends = at_limit[np.concatenate([breaks, [len(at_limit) - 1]])] + 1
        first = tile * self.grid.tile_samples
        return [
            self._row("clipping", (first + start) / rate_hz, (first + end) / rate_hz, station)
            for start, end in zip(starts, ends, strict=True)
        ]

    def _row(self, kind: str, start_s: float, end_s: float, station: int) -> dict[str, Any]:
        return {
            "kind": kind,
            "start_time": self.grid.utc(start_s),
            "end_time": self.grid.utc(end_s),
            "stations": self.network.stations[station].code,
        }

    def _in_numbers(self, row: Any) -> _Outage:
        start_s, end_s = (
            seconds(time.to_datetime64() - self.grid.start_time) for time in (row.start_time, row.end_time)
        )
        places = [self.settings.frame.index(name) for name in str(row.components).split(";")]
        return _Outage(str(row.kind), start_s, end_s, places, float(row.value))

    def _active(self, station: int, kind: str, start_s: float, end_s: float) -> Iterator[_Outage]:
        """Outages of a kind that touch a span (or a moment)."""
        for outage in self._outages[self.network.stations[station].code]:
            if outage.kind == kind and outage.start_s <= end_s and outage.end_s > start_s:
                yield outage

    def _turned(self, station: int, angle_deg: float) -> FloatArray:
        cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
        if self.settings.frame == "XYZ":
            roll = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
            return np.asarray(self._nominal[station] @ roll)
        return np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])

    def _samples(self, start_s: float, end_s: float, tile: int) -> slice:
        """Find the samples of the tile at or after the start and before the end."""
        count = self.grid.tile_samples
        first, last = (
            int(np.clip(np.ceil(time_s * self.grid.rate_hz - 1e-6) - tile * count, 0, count))
            for time_s in (start_s, end_s)
        )
        return slice(first, last)

    def _add_glitch(self, sensor: FloatArray, glitch: _Glitch, tile: int) -> None:
        # A spike shorter than a sample still hits one.
        end_s = max(glitch.end_s, glitch.start_s + 1 / self.grid.rate_hz)
        hit = self._samples(glitch.start_s, end_s, tile)
        since_s = self.grid.times_s(tile)[hit] - glitch.start_s
        shape = np.exp(-since_s / glitch.decay_s) if glitch.decay_s else np.ones(len(since_s))
        shape *= np.cos(2 * np.pi * glitch.frequency_hz * since_s)
        sensor[:, hit] += glitch.height[:, None] * shape

    def _limits(self) -> tuple[int, int]:
        half = 2 ** (self.settings.adc_bits - 1)
        return -half, half - 1


def make_instrument(
    settings: InstrumentSettings, network: Network, grid: SampleGrid, seed: int, outages: pd.DataFrame
) -> Instrument:
    """Make the recorders of a network, with the outages of a table (``draw_outages``)."""
    return Instrument(settings, network, grid, seed, outages)


def _draw_rotation(frame: str, code: str, seed: int) -> FloatArray:
    """(3, 3) proper rotation; for S-net's frame X lies within a few degrees of horizontal, any roll."""
    if frame == "ENZ":
        return np.eye(3)
    rng = generator(seed, "sensor attitude", code)
    azimuth, roll = rng.uniform(0, 2 * np.pi, 2)
    plunge = np.radians(np.clip(3 * rng.standard_normal(), -10, 10))  # slope of the sea floor under a cable
    x = np.array([np.cos(plunge) * np.sin(azimuth), np.cos(plunge) * np.cos(azimuth), -np.sin(plunge)])
    level = np.array([-np.cos(azimuth), np.sin(azimuth), 0.0])
    y = np.cos(roll) * level + np.sin(roll) * np.cross(x, level)
    return np.column_stack([x, y, np.cross(x, y)])


def _draw_glitches(settings: InstrumentSettings, code: str, grid: SampleGrid, seed: int) -> list[_Glitch]:
    """Spikes and steps of a station; heights 1e-6 to 1e-3 m/s, from weak tremor to a felt earthquake."""
    days = grid.duration_s / 86400
    glitches = []
    for kind, per_day in (("spike", settings.spikes_per_day), ("step", settings.steps_per_day)):
        rng = generator(seed, kind, code)
        for _ in range(rng.poisson(per_day * days)):
            start_s = round(rng.uniform(0, grid.duration_s), 3)
            height = 10 ** rng.uniform(-6, -3) * rng.choice([-1, 1]) * _hit_components(rng)
            box_s, pulse_s = rng.uniform(0, SPIKE_S), 10 ** rng.uniform(-1.5, -0.3)
            frequency_hz, step_s = rng.uniform(3, 10), 10 ** rng.uniform(0, 1.5)
            if kind == "step":
                decay_s, frequency_hz = step_s, 0.0
            elif rng.uniform() < 0.5:
                decay_s, frequency_hz = 0.0, 0.0
            else:
                decay_s = pulse_s
            end_s = start_s + (DECAYED * decay_s if decay_s else box_s)
            glitches.append(_Glitch(kind, start_s, end_s, height, decay_s, frequency_hz))
    return glitches


def _hit_components(rng: np.random.Generator) -> FloatArray:
    """(3,) all components alike in a third of cases (the recorder), else one (the sensor)."""
    alone = np.eye(3)[rng.integers(3)]
    return np.ones(3) if rng.uniform() < 1 / 3 else alone
