"""Windows of the bundled weights: any signal in any noise, so that neither noise nor processing tells.

Every window begins with noise, drawn alike for all classes: simulated background, a real recording, or noise
with the spectrum of a real one. Into it goes a signal at an SNR that is drawn: simulated or semi-real tremor,
simulated or real earthquakes; or, for noise, a nuisance. A quarter of the windows of every class are cut to
the length of a short record and completed with noise; among those are real earthquakes as they were recorded.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator
from scipy import fft

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import shared_data
from shared_data import Recording, at_rate, resampled

from tremorflow.classifier.mixing import (
    NoiseRecording,
    NoiseWindow,
    band_rms,
    banded_noise,
    complete,
    gliding_lines,
    mean_level,
    noise_amplitudes,
    noise_bursts,
    put_into_noise,
    stationary_noise,
    swelling,
)
from tremorflow.simulate.lfe_library import (
    STACK_RATE_HZ,
    LfeLibrary,
    isolate_signals,
    read_lfe_library,
    read_stacks,
    stack_power,
)
from tremorflow.spectrogram import SpectrogramSettings

RATE_HZ = 25.0
WINDOW_S = 120.0
N_SAMPLES = round(WINDOW_S * RATE_HZ)
MIN_STACK_SNR = 2.0
VP_VS = 1.75  # of the continental crust, to tell P from S where a station's place is not known
SETTINGS = SpectrogramSettings()

SNR = (1.5, 30.0)  # of tremor and nuisances; from 1.2 on, weak swells of noise were called tremor more often
EARTHQUAKE_SNR = (0.5, 30.0)  # over 120 s: one of 8 s stands out by four times as much
CODA_SNR = 2.0
SHARE_REAL_NOISE = 0.5  # of the windows of the mixed set
REAL_NOISE = {"Puerto Rico": 0.32, "one component": 0.24, "spectra": 0.34, "stacks": 0.10}
SHARE_LFE = 0.6  # of tremor: without parametric tremor only stacks are known, without stacks only parameters
SHARE_REAL_EARTHQUAKE = 0.45
NEGATIVES = {  # of noise; the rest is background. With three times as many made up, tremor was called noise
    "nuisance": 0.2, "swell": 0.07, "hum": 0.05, "engine": 0.04, "burst": 0.04,
}  # fmt: skip
SHARE_VERTICAL = 0.3  # of windows of any class: most stations that have stacks of LFEs record no other
SHARE_COMPLETED = 0.25  # of any class: as records shorter than a window are
SHARE_NATIVE = 0.6  # of completed earthquakes: real records, in their own noise; of completed windows of any
# class: noise with the spectrum of such a record, so that it is no sign of an earthquake
MIN_KEPT = 0.3  # of a signal's energy, if the window is cut and completed: it can still be told what it is
TRIES = 8  # to cut so that as much is left
SHARE_SECOND = 0.15  # of signals with a second of their class on top: two sources at once
SHARE_RESAMPLED = 0.25  # of signals that go through another sampling rate and back
ROUND_TRIP_HZ = (20.0, 31.25, 40.0, 50.0)  # 20 Hz: as LFE stacks and Chile; up and down leave what is below
SHARE_RINGING = 0.5  # of signals: stacks are of few stations, and each has its own resonances
RINGING_S = 20.0  # five times as long as a mode of 1.3 Hz and Q 16 takes to fall to a third
SHARE_SHAPED = 0.5  # of signals that pass another spectrum: any class may fall as LFE stacks do
COVER_S = 30.0
MAX_GAP_S = 30.0  # between LFEs of a burst (DEFINITIONS.md)
MIN_LFES = 3  # of a window of tremor at real times
SHARE_REAL_TIMES = 0.5  # of semi-real tremor; the rest is denser than catalogues know, and more like noise
MADE_NOISE = {"hum": banded_noise, "engine": gliding_lines, "burst": noise_bursts}
NATIVE_ONSET_S = (5.0, 100.0)  # of a record in its window
Row = dict[str, Any]
Made = tuple[np.ndarray, NoiseWindow, Row]


class Window(NamedTuple):
    """Samples (3, time), background (3, frequency) and the row of the table."""

    samples: np.ndarray
    background: np.ndarray
    row: Row


@dataclass(frozen=True)
class SimulatedPool:
    """Simulated windows without their background, their backgrounds, and their table."""

    signals: np.ndarray
    backgrounds: np.ndarray
    table: pd.DataFrame

    def of(self, label: str) -> np.ndarray:
        """Rows with a signal of this label; for noise, those with a nuisance."""
        same = self.table["label"] == label
        return np.flatnonzero(same & (self.table["nuisance"] != "") if label == "noise" else same)


class RealPool:
    """Real noise, earthquakes and stacks of LFEs of one use."""

    def __init__(self, use: str) -> None:
        wanted = [one for one in shared_data.puerto_rico() if one.use == use]
        self.recordings = {"Puerto Rico": noise_recordings(wanted)}
        single = [one for one in shared_data.single_component() if one.use == use]
        days = [one for one in single if one.source in ("California", "undervolc")]
        self.recordings["one component"] = noise_recordings(days)
        self.earthquakes = [Earthquake.of(one) for one in shared_data.earthquakes() if one.use == use]
        self.natives = [one for one in self.earthquakes if one.noise is not None]
        self.stacks = LfeStacks(use)
        spectra = [one.noise for one in self.natives if one.recording.source != "Iceland"]
        self.spectra = {"spectra": spectra, "stacks": self.stacks.residual_spectra()}

    def draw_noise(self, kind: str, rng: Generator) -> NoiseWindow:
        if kind in self.recordings:
            recordings = self.recordings[kind]
            return recordings[rng.integers(len(recordings))].draw(rng)
        amplitudes = self.spectra[kind][rng.integers(len(self.spectra[kind]))]
        return spectral_window(amplitudes, kind, rng)


def noise_recordings(found: Sequence[Recording]) -> list[NoiseRecording]:
    """Recordings with the quiet windows that lie in the spans that their use allows."""
    made = []
    for one in found:
        noise = NoiseRecording(one.station, at_rate(one, RATE_HZ), RATE_HZ, SETTINGS)
        starts = noise.quiet_starts_s
        allowed = [(starts >= begin) & (starts + WINDOW_S <= end) for begin, end in one.spans_s]
        noise.quiet_starts_s = starts[np.any(allowed, axis=0)]
        made.append(noise)
    return [one for one in made if len(one.quiet_starts_s)]


def spectral_window(amplitudes: np.ndarray, origin: str, rng: Generator) -> NoiseWindow:
    """Noise of a given spectrum, often swelling; its background is another piece of it."""
    live = np.isfinite(amplitudes).all(axis=1)
    pieces = np.full((2, 3, N_SAMPLES), np.nan, dtype=np.float32)
    for piece in pieces:
        piece[live] = stationary_noise(amplitudes[live], N_SAMPLES, rng)
    if rng.random() < 0.6:
        pieces[0] *= swelling(N_SAMPLES, RATE_HZ, rng).astype(np.float32)
    return NoiseWindow(pieces[0], mean_level(pieces[1], RATE_HZ, SETTINGS), 1.0, origin)


@dataclass(frozen=True)
class Earthquake:
    """A real record at 25 Hz, and the spectrum (3, frequency) of the noise before it, None if too short."""

    recording: Recording
    samples: np.ndarray
    noise: np.ndarray | None

    @classmethod
    def of(cls, recording: Recording) -> "Earthquake":
        return cls.made(recording, at_rate(recording, RATE_HZ))

    @classmethod
    def made(cls, recording: Recording, samples: np.ndarray) -> "Earthquake":
        """From samples at 25 Hz."""
        onset = recording.p_s if np.isfinite(recording.p_s) else recording.s_s
        before = round((onset - 1.5) * RATE_HZ)
        if before < 6 * RATE_HZ:
            return cls(recording, samples, None)
        live = np.isfinite(samples).all(axis=1)
        amplitudes = np.full((3, len(noise_amplitudes(samples[:, :100])[0])), np.nan)
        amplitudes[live] = noise_amplitudes(samples[live][:, :before])
        return cls(recording, samples, amplitudes)

    def vertical_alone(self) -> "Earthquake":
        """The record without its horizontals."""
        samples = self.samples.copy()
        samples[:2] = np.nan
        return self.made(self.recording, samples)

    @property
    def onset_s(self) -> float:
        return self.recording.p_s if np.isfinite(self.recording.p_s) else self.recording.s_s

    def placed(self, onset_s: float, rng: Generator) -> np.ndarray:
        """(3, time) the record from shortly before its onset on, tapered, placed in a window."""
        count = self.samples.shape[1]
        taper = np.ones(count)
        ends = min(round(2 * RATE_HZ), count // 6)
        taper[-ends:] = np.linspace(1, 0, ends)
        begin = max(0, round((self.onset_s - rng.uniform(2, 6)) * RATE_HZ))
        taper[:begin] = 0
        rise = taper[begin : begin + round(RATE_HZ)]
        rise *= np.linspace(0, 1, len(rise))
        return in_window(self.samples * taper.astype(np.float32), onset_s - self.onset_s, 0.0)

    def native(self, onset_s: float, rng: Generator) -> np.ndarray:
        """(3, time) the record itself, completed with noise of the spectrum before it."""
        assert self.noise is not None
        window = in_window(self.samples, onset_s - self.onset_s, np.nan)
        return complete(window, *self.span_s(onset_s), self.noise, RATE_HZ, rng)

    def span_s(self, onset_s: float) -> tuple[float, float]:
        """First and last second of the record in a window; beyond the window's ends, where it goes on."""
        first_s = onset_s - self.onset_s
        last_s = first_s + self.samples.shape[1] / RATE_HZ
        return first_s if first_s > 0 else -3.0, last_s if last_s < WINDOW_S else WINDOW_S + 3.0


def in_window(samples: np.ndarray, shift_s: float, empty: float) -> np.ndarray:
    """(3, time) of a window, ``samples`` beginning at second ``shift_s``; missing components are NaN."""
    window = np.full((3, N_SAMPLES), empty, dtype=np.float32)
    first = round(shift_s * RATE_HZ)
    low, high = max(first, 0), min(first + samples.shape[1], N_SAMPLES)
    if low < high:
        window[:, low:high] = samples[:, low - first : high - first]
    window[~np.isfinite(samples).all(axis=1)] = np.nan
    return window


class LfeStacks:
    """Isolated stacks of real LFEs, put together again as tremor at one station."""

    def __init__(self, use: str) -> None:
        self.library, self.signals = all_signals()
        count = len(self.library.network)
        self.pairs = shared_data.lfe_pairs(self.library, self.signals[:, :count])[use]
        more = shared_data.more_pairs(self.library, self.signals[:, count:])[use]
        added = [(template, station + count) for template, station in more]
        whole = np.isfinite(self.signals).all(axis=(2, 3))
        self.templates = by_station([*self.pairs, *(pair for pair in added if whole[pair])])
        self.of_vertical = by_station([*self.pairs, *added])
        self._real_times = {k: self._times_of(found) for k, found in self.of_vertical.items()}

    def _times_of(self, templates: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Times (s, in order) at which LFEs of some templates were really detected, and which each is."""
        path = shared_data.shared_folder() / "lfe" / "times_ducellier_2007_2009.csv.gz"
        table = real_times(path)
        names = [self.library.templates[k] for k in templates]
        mine = table[table["template"].isin(names)].sort_values("second", kind="stable")
        numbers = np.array(templates)[[names.index(name) for name in mine["template"]]]
        return mine["second"].to_numpy(), numbers

    def residual_spectra(self) -> list[np.ndarray]:
        """Spectra of what is left of each stack without its signal."""
        left = [self.library.waveforms[pair] - self.signals[pair] for pair in self.pairs]
        return [noise_amplitudes(resampled(one, STACK_RATE_HZ, RATE_HZ)) for one in left]

    def draw(self, rng: Generator, *, vertical: bool = False) -> tuple[np.ndarray, str]:
        """(3, time) tremor at one station, at real or drawn times, and the family it is of.

        With ``vertical`` it may be a station that has a vertical alone.
        """
        stations = sorted(self.of_vertical if vertical else self.templates)
        station = stations[rng.integers(len(stations))]
        made = self.draw_real if rng.random() < SHARE_REAL_TIMES else self.draw_dense
        return made(station, rng)

    def draw_real(self, station: int, rng: Generator) -> tuple[np.ndarray, str]:
        """(3, time) the LFEs of a window that bursts cover for 30 s or more, at real times."""
        seconds, numbers = self._real_times[station]
        while True:
            start = seconds[rng.integers(len(seconds))] - rng.uniform(0, WINDOW_S - COVER_S)
            first, last = np.searchsorted(seconds, (start - MAX_GAP_S, start + WINDOW_S))
            gaps = np.diff(np.clip(seconds[first:last] - start, 0, WINDOW_S))
            if last - first >= MIN_LFES and gaps[gaps < MAX_GAP_S].sum() >= COVER_S:
                break
        sizes = rng.exponential(size=last - first)
        events = list(zip(numbers[first:last], seconds[first:last] - start, sizes, strict=True))
        return self.render(events, station), self.library.families[numbers[first]]

    def draw_dense(self, station: int, rng: Generator) -> tuple[np.ndarray, str]:
        """(3, time) one to three bursts of neighbouring templates at one station, at drawn times."""
        there = self.of_vertical[station]
        main = there[rng.integers(len(there))]
        near = [k for k in there if self._apart_km(k, main) < 40]
        events = []
        for number in range(1 + rng.integers(3)):
            template = near[rng.integers(len(near))] if number else main
            length_s = np.exp(rng.uniform(np.log(35), np.log(300)))
            low, high = (-length_s, WINDOW_S) if number else (COVER_S - length_s, WINDOW_S - COVER_S)
            start_s, mean_s = rng.uniform(low, high), np.exp(rng.uniform(np.log(0.6), np.log(6.0)))
            times = start_s + np.cumsum(np.append(0, rng.exponential(mean_s, int(length_s / mean_s * 2) + 5)))
            sizes = rng.exponential(size=len(times)) * (rng.uniform(0.2, 1) if number else 1)
            inside = times < start_s + length_s
            events += [(template, t, s) for t, s in zip(times[inside], sizes[inside], strict=True)]
        return self.render(events, station), self.library.families[main]

    def render(self, events: Sequence[tuple[int, float, float]], station: int) -> np.ndarray:
        """(3, time) of a window from template, time (s) of the S peak and size of each LFE."""
        length, count = self.signals.shape[-1], round(WINDOW_S * STACK_RATE_HZ)
        total = np.zeros((3, count + 2 * length), dtype=np.float64)
        for template, time_s, size in events:
            signal = self.signals[template, station]
            power = np.nansum(signal**2, axis=0)
            first = length + round(time_s * STACK_RATE_HZ) - int(np.argmax(power))
            if 0 <= first < count + length:
                total[:, first : first + length] += size / np.sqrt(power.max()) * signal
        return resampled(total[:, length : length + count], STACK_RATE_HZ, RATE_HZ)[:, :N_SAMPLES]

    def _apart_km(self, one: int, other: int) -> float:
        latitudes, longitudes = self.library.latitudes, self.library.longitudes
        north = (latitudes[one] - latitudes[other]) * 111.2
        east = (longitudes[one] - longitudes[other]) * 111.2 * np.cos(np.radians(latitudes[one]))
        return float(np.hypot(north, east))


@lru_cache(maxsize=1)
def all_signals() -> tuple[LfeLibrary, np.ndarray]:
    """Library and isolated stacks (template, station, 3, time): of its network, then of other stations."""
    library = read_lfe_library(shared_data.shared_folder() / "lfe")
    signals = isolate_signals(library.waveforms, library.p_times_s, MIN_STACK_SNR)
    return library, np.concatenate([signals, more_signals(library)], axis=1)


def more_signals(library: LfeLibrary) -> np.ndarray:
    """(template, station, 3, time) isolated stacks of stations that the library leaves out.

    They have a vertical alone, or no place is known for them. When P comes follows from the time of S, the
    strongest second; where P itself is the strongest, more is kept before it.
    """
    folder = shared_data.shared_folder() / "lfe"
    index = pd.read_csv(folder / "templates_index.csv", dtype=str)
    known = {code.split(".")[1] for code in library.network.codes}
    names = sorted(set(index["station"]) - known)
    stacks = read_stacks(folder, list(library.templates), names, fewest=1)
    s_times_s = stack_power(stacks, 1.0).argmax(axis=-1) / STACK_RATE_HZ
    origins_s = library.origins_s[:, None]
    return isolate_signals(stacks, origins_s + (s_times_s - origins_s) / VP_VS, MIN_STACK_SNR)


def by_station(pairs: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    """Templates of each station."""
    found: dict[int, list[int]] = {}
    for template, station in pairs:
        found.setdefault(station, []).append(template)
    return found


@lru_cache(maxsize=1)
def real_times(path: Path) -> pd.DataFrame:
    """Detections of LFEs: template, and second after 2007."""
    table = pd.read_csv(path, dtype={"template": str})
    times = pd.to_datetime(table["time"], utc=True).dt.tz_localize(None)
    return table.assign(second=(times - pd.Timestamp("2007-01-01")) / pd.Timedelta(1, "s"))


class Composer:
    """Draws windows; each depends on the seed and its number alone."""

    def __init__(self, simulated: SimulatedPool, real: RealPool | None, seed: int) -> None:
        self.simulated, self.real, self.seed = simulated, real, seed
        self._rows = {label: simulated.of(label) for label in ("noise", "tremor", "earthquake")}

    def window(self, number: int) -> Window | None:
        """Window of this number, None if signal and noise share no component."""
        rng = np.random.default_rng([self.seed, number])
        label = ("noise", "tremor", "earthquake")[number % 3]
        completed, native = rng.random(2) < (SHARE_COMPLETED, SHARE_NATIVE)
        if self.real is not None and completed and native and label == "earthquake":
            made = self._native(self.real, rng)
        else:
            made = self._composed(label, rng, completed=bool(completed), native=bool(native))
        if made is None:
            return None
        samples, noise, row = made
        row |= {"trace_category": label, "trace_context": noise.context, "station_code": noise.origin}
        return Window(samples, noise.background, row)

    def _composed(self, label: str, rng: Generator, *, completed: bool, native: bool) -> Made | None:
        noise = self._record_noise(self.real, rng) if completed and native and self.real else self._noise(rng)
        if np.isfinite(noise.samples[2]).all() and rng.random() < SHARE_VERTICAL:
            noise = vertical_alone(noise)
        vertical = not np.isfinite(noise.samples[:2]).all(axis=1).any()
        if label == "noise":
            samples, row = self._negative(noise, rng)
        else:
            signal, row = self._signal(label, rng, vertical=vertical)
            row["trace_snr"] = self._snr(label, row, rng)
            samples = put_into_noise(noise.samples, signal, row["trace_snr"], RATE_HZ)
        if samples is None:
            return None
        if completed:
            samples, kept = self._completed(samples, noise, rng)
            row["trace_snr"] = row.get("trace_snr", np.nan) * np.sqrt(kept)
        return samples, noise, row

    def _noise(self, rng: Generator) -> NoiseWindow:
        if self.real is not None and rng.random() < SHARE_REAL_NOISE:
            return self.real.draw_noise(str(rng.choice(list(REAL_NOISE), p=list(REAL_NOISE.values()))), rng)
        samples = np.array(self.simulated.backgrounds[rng.integers(len(self.simulated.table))])
        return NoiseWindow(samples, mean_level(samples, RATE_HZ, SETTINGS), 1.0, "simulated")

    def _record_noise(self, real: RealPool, rng: Generator) -> NoiseWindow:
        """Noise with the spectrum of what an earthquake's record has before it."""
        one = draw_earthquake(real.natives, rng)
        assert one.noise is not None
        return spectral_window(one.noise, one.recording.station, rng)

    def _negative(self, noise: NoiseWindow, rng: Generator) -> tuple[np.ndarray | None, Row]:
        """Noise as it is, with a nuisance, swelling, or humming."""
        kind = str(
            rng.choice([*NEGATIVES, "background"], p=[*NEGATIVES.values(), 1 - sum(NEGATIVES.values())])
        )
        row: Row = {"trace_kind": kind, "trace_origin": origin(noise)}
        samples = noise.samples.copy()
        if kind == "swell":
            return samples * swelling(N_SAMPLES, RATE_HZ, rng).astype(np.float32), row
        snr = float(np.exp(rng.uniform(*np.log(SNR))))
        if kind in MADE_NOISE:
            return put_into_noise(samples, MADE_NOISE[kind](samples, RATE_HZ, rng), snr, RATE_HZ), row
        if kind == "nuisance":
            number = rng.choice(self._rows["noise"])
            row["trace_kind"] = str(self.simulated.table["nuisance"].iloc[number])
            signal = processed(np.array(self.simulated.signals[number]), rng)
            return put_into_noise(samples, signal, snr, RATE_HZ), row
        return samples, row

    def _signal(self, label: str, rng: Generator, *, vertical: bool) -> tuple[np.ndarray, Row]:
        """Motion of one source, or of two, as a recorder would give it."""
        signal, row = self._source(label, rng, vertical=vertical)
        if rng.random() < SHARE_SECOND:
            second, _ = self._source(label, rng, vertical=vertical)
            signal = on_top(signal, second, 10 ** rng.uniform(-1, 0))
        return processed(signal, rng), row

    def _source(self, label: str, rng: Generator, *, vertical: bool) -> tuple[np.ndarray, Row]:
        share = SHARE_LFE if label == "tremor" else SHARE_REAL_EARTHQUAKE
        if self.real is not None and rng.random() < share:
            if label == "tremor":
                signal, family = self.real.stacks.draw(rng, vertical=vertical)
                return signal, {"trace_kind": "lfe", "trace_origin": "semi-real", "trace_group": family}
            one = draw_earthquake(self.real.earthquakes, rng)
            row: Row = {
                "trace_kind": "placed", "trace_origin": "semi-real", "trace_group": one.recording.event
            }  # fmt: skip
            return one.placed(rng.uniform(2, 105), rng), row
        number = int(rng.choice(self._rows[label]))
        found = self.simulated.table.iloc[number]
        row = {"trace_kind": str(found["kind"]), "trace_origin": "simulated"}
        row |= {"path_ep_distance_km": found["distance_km"], "source_magnitude": found["magnitude"]}
        return np.array(self.simulated.signals[number]), row

    def _snr(self, label: str, row: Row, rng: Generator) -> float:
        low, high = EARTHQUAKE_SNR if label == "earthquake" else SNR
        low = max(low, CODA_SNR) if row["trace_kind"] == "coda" else low
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    def _native(self, real: RealPool, rng: Generator) -> Made:
        one = draw_earthquake(real.natives, rng)
        if np.isfinite(one.samples[2]).all() and rng.random() < SHARE_VERTICAL:
            one = one.vertical_alone()
        assert one.noise is not None
        noise = spectral_window(one.noise, one.recording.station, rng)
        row: Row = {"trace_kind": "native", "trace_origin": "recorded", "trace_group": one.recording.event}
        return one.native(rng.uniform(*NATIVE_ONSET_S), rng), noise, row

    def _completed(self, samples: np.ndarray, noise: NoiseWindow, rng: Generator) -> tuple[np.ndarray, float]:
        """Samples of which the span of a short record is kept, and how much of the signal's energy."""
        live = np.isfinite(samples).all(axis=1)
        power = ((samples[live] - noise.samples[live]) ** 2).sum(axis=0)
        for _ in range(TRIES):
            first_s, last_s = self._record_span_s(rng)
            inside = power[max(0, round(first_s * RATE_HZ)) : round(last_s * RATE_HZ)].sum()
            if inside >= MIN_KEPT * power.sum():
                amplitudes = np.full((3, len(noise_amplitudes(samples[:, :100])[0])), np.nan)
                amplitudes[live] = noise_amplitudes(noise.samples[live])
                kept = inside / power.sum() if power.any() else 1.0
                return complete(samples, first_s, last_s, amplitudes, RATE_HZ, rng), float(kept)
        return samples, 1.0

    def _record_span_s(self, rng: Generator) -> tuple[float, float]:
        """Span of a window that a short record fills: as long as real ones are, where they are known."""
        if self.real is None:
            first_s = rng.uniform(0, 50)
            return first_s, first_s + rng.uniform(35, 90)
        return draw_earthquake(self.real.natives, rng).span_s(rng.uniform(*NATIVE_ONSET_S))


def vertical_alone(noise: NoiseWindow) -> NoiseWindow:
    """Noise without its horizontals."""
    samples, background = noise.samples.copy(), noise.background.copy()
    samples[:2], background[:2] = np.nan, np.nan
    return replace(noise, samples=samples, background=background)


def origin(noise: NoiseWindow) -> str:
    """Whether noise is simulated, for the table."""
    return "simulated" if noise.origin == "simulated" else "recorded"


def draw_earthquake(earthquakes: Sequence[Earthquake], rng: Generator) -> Earthquake:
    """One of them; a source with four times as many records as another comes twice as often."""
    sources, counts = np.unique([one.recording.source for one in earthquakes], return_counts=True)
    source = rng.choice(sources, p=np.sqrt(counts) / np.sqrt(counts).sum())
    chosen = [one for one in earthquakes if one.recording.source == source]
    return chosen[rng.integers(len(chosen))]


def on_top(signal: np.ndarray, second: np.ndarray, ratio: float) -> np.ndarray:
    """(3, time) sum of two signals at a ratio of their rms, of the components that both have; else the first.

    What a network records when two patches or two faults move at once.
    """
    live = np.isfinite(signal).all(axis=1) & np.isfinite(second).all(axis=1)
    sizes = [band_rms(one[live], RATE_HZ) if live.any() else 0.0 for one in (signal, second)]
    if min(sizes) <= 0:
        return signal
    return signal + np.float32(ratio * sizes[0] / sizes[1]) * second


def processed(signal: np.ndarray, rng: Generator) -> np.ndarray:
    """(3, time) signal as another station would give it: turned, ringing, resampled, of another spectrum.

    All classes pass through this alike: a real record has one azimuth and one recorder, a stack one band.
    """
    signal = turned(signal, rng.uniform(0, 2 * np.pi))
    if rng.random() < SHARE_RINGING:
        signal = ringing(signal, rng)
    if rng.random() < SHARE_RESAMPLED:
        rate_hz = ROUND_TRIP_HZ[rng.integers(len(ROUND_TRIP_HZ))]
        there = resampled(signal, RATE_HZ, rate_hz)
        signal = resampled(there, rate_hz, RATE_HZ)[:, :N_SAMPLES].astype(np.float32)
    return reshaped(signal, rng) if rng.random() < SHARE_SHAPED else signal


def turned(signal: np.ndarray, angle: float) -> np.ndarray:
    """(3, time) signal from another azimuth: the horizontals turned, if both are there."""
    if not np.isfinite(signal[:2]).all():
        return signal
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return np.stack([cos * signal[0] + sin * signal[1], cos * signal[1] - sin * signal[0], signal[2]])


def ringing(signal: np.ndarray, rng: Generator) -> np.ndarray:
    """(3, time) signal on other ground: one to three modes of it ring, each component at its own strength."""
    count = signal.shape[-1]
    padded = np.pad(signal, ((0, 0), (0, round(RINGING_S * RATE_HZ))))
    frequencies = fft.rfftfreq(padded.shape[-1], 1 / RATE_HZ)
    gain = np.ones((3, len(frequencies)), dtype=complex)
    for _ in range(rng.integers(1, 4)):
        mode_hz, quality = 10 ** rng.uniform(0.1, 1.0), 10 ** rng.uniform(0.2, 1.2)
        height = 10 ** rng.uniform(-0.5, 0.9) * rng.uniform(0.3, 1, (3, 1))
        phase = np.exp(2j * np.pi * rng.random((3, 1)))
        gain += height * phase / (1 + 2j * quality * (frequencies - mode_hz) / mode_hz)
    gain *= 10 ** rng.normal(0, 0.2, (3, 1))
    return fft.irfft(fft.rfft(padded) * gain, padded.shape[-1])[:, :count].astype(np.float32)


def reshaped(signal: np.ndarray, rng: Generator) -> np.ndarray:
    """(3, time) signal with a spectrum that is tilted, and cut towards the ends of the band."""
    frequencies = fft.rfftfreq(signal.shape[-1], 1 / RATE_HZ)
    decades = np.log10(np.maximum(frequencies, 0.1) / 4)
    low, high = 10 ** rng.uniform(-0.3, 0.3), 10 ** rng.uniform(0.8, 1.2)
    orders = rng.uniform(1, 6, 2)
    gain = 10 ** (rng.normal(0, 0.8) * np.clip(decades, -0.6, 0.5))
    gain = gain / np.sqrt(1 + (low / np.maximum(frequencies, 1e-3)) ** (2 * orders[0]))
    gain = gain / np.sqrt(1 + (frequencies / high) ** (2 * orders[1]))
    return fft.irfft(fft.rfft(signal) * gain, signal.shape[-1]).astype(np.float32)
