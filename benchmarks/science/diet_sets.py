"""What DiET is scored on: simulated windows, semi-real tremor, real earthquakes and real noise.

Nothing here has been trained on: other seeds, families, stations, events and days
(``tools/shared_data.py``). "dev" sets are those that choices were made by; "test" sets are for the stored
results.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import fft

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "weights"))

import shared_data
from compose import RATE_HZ, SETTINGS, WINDOW_S, Earthquake, LfeStacks, noise_recordings
from shared_data import at_rate

from tremorflow.classifier.inputs import WindowSpectra, completeness_of, cut_windows, window_starts
from tremorflow.classifier.mixing import (
    START,
    NoiseWindow,
    band_rms,
    mean_level,
    put_into_noise,
    spectrograms_of,
    stationary_noise,
)
from tremorflow.records import timedelta
from tremorflow.simulate.site import SiteSettings
from tremorflow.simulate.window_signals import SignalSettings
from tremorflow.simulate.windows import WindowSettings, labelled_windows
from tremorflow.spectrogram import window_log_power

HARD_SHARES = (0.4, 0.15, 0.15, 0.3, 0.0)  # small, aftershocks, coda, local: 70 % are hard ones
OUTSIDE_TILT_DB = (9.0, 14.0)  # per decade about 4 Hz, beyond what was drawn: two to three of its sd
BACKGROUND_SD = 0.15  # decades, of the background of simulated windows: 1.5 dB, as an hour of noise has


@dataclass(frozen=True)
class TestSet:
    """Spectra and a table: ``category``, ``snr``, ``kind``, ``origin``, ``station``, ``distance_km``.

    ``samples`` (window, 3, time) at 25 Hz are there where other spectrograms are made of them.
    """

    spectra: WindowSpectra
    table: pd.DataFrame
    samples: np.ndarray | None = None

    def where(self, chosen) -> "TestSet":
        rows = np.flatnonzero(np.asarray(chosen))
        parts = (getattr(self.spectra, name)[rows] for name in self.spectra.__dataclass_fields__)
        samples = None if self.samples is None else self.samples[rows]
        return TestSet(WindowSpectra(*parts), self.table.iloc[rows].reset_index(drop=True), samples)


def joined(sets: list[TestSet]) -> TestSet:
    parts = (
        np.concatenate([getattr(one.spectra, name) for one in sets])
        for name in WindowSpectra.__dataclass_fields__
    )
    samples = [one.samples for one in sets]
    kept = None if any(one is None for one in samples) else np.concatenate(samples)
    return TestSet(WindowSpectra(*parts), pd.concat([one.table for one in sets], ignore_index=True), kept)


def spectra_of(samples: np.ndarray, background: np.ndarray, context: np.ndarray) -> WindowSpectra:
    """Spectra of windows (window, 3, time) at 25 Hz."""
    log_power = window_log_power(samples, RATE_HZ, SETTINGS)
    return WindowSpectra(
        log_power,
        background.astype(np.float32),
        context.astype(np.float32),
        completeness_of(log_power),
    )


# --- simulated windows --------------------------------------------------------------------------------------


def inside() -> WindowSettings:
    """Matched windows of the sea floor, drawn from the ranges that training windows are drawn from."""
    signals = SignalSettings(earthquake_shares=HARD_SHARES)
    return WindowSettings(matched=True, share_ocean=1.0, signals=signals)


def outside(lower: bool) -> WindowSettings:
    """The same from ranges that training never saw: Q, coda and sediment. Its noise is to be tilted."""
    q = (50.0, 84.0) if lower else (401.0, 700.0)
    path = (3.0, 5.9) if lower else (41.0, 80.0)
    signals = replace(
        SignalSettings(earthquake_shares=HARD_SHARES),
        quality_factor=q,
        mean_free_path_km=path,
        broadening_s=(0.6, 0.99) if lower else (5.1, 8.0),
        coda_quality=(30.0, 49.0) if lower else (201.0, 350.0),
    )
    site = SiteSettings(
        ocean_s_delay_s=(0.08, 0.19) if lower else (1.51, 2.5),
        sediment_s_km_s=(0.15, 0.249) if lower else (0.81, 1.2),
        sediment_quality=(8.0, 14.9) if lower else (61.0, 100.0),
        kappa_s=(0.002, 0.0099) if lower else (0.051, 0.08),
    )
    return WindowSettings(matched=True, share_ocean=1.0, signals=signals, site=site)


def simulated(
    settings: WindowSettings, count: int, seed: int, processes: int, *, keep: bool = False, tilt: int = 0
) -> TestSet:
    """Windows with their own background, known to 1.5 dB.

    With ``tilt`` -1 or 1 the background falls or rises with frequency by ``OUTSIDE_TILT_DB`` more than it was
    drawn, at the same rms in 2-8 Hz, so that the SNR stays.
    """
    rng = np.random.default_rng(seed)
    sets = []
    for first in range(0, count, 1500):
        made = labelled_windows(settings, min(1500, count - first), seed, first, processes)
        noise, samples = made.background, made.samples
        if tilt:
            noise = np.stack([tilted(one, tilt * rng.uniform(*OUTSIDE_TILT_DB)) for one in noise])
            samples = made.samples - made.background + noise
        level = np.stack([mean_level(one, RATE_HZ, SETTINGS) for one in noise])
        level = level + rng.normal(0, BACKGROUND_SD, (len(level), 1, 1))
        table = pd.DataFrame(
            {
                "category": made.table["label"].astype(str),
                "snr": made.table["snr"],
                "kind": made.table["kind"].astype(str),
                "origin": "simulated",
                "station": made.table["station"].astype(str),
                "distance_km": made.table["distance_km"],
            }
        )
        spectra = spectra_of(samples, level, np.ones(len(level)))
        sets.append(TestSet(spectra, table, samples if keep else None))
    return joined(sets)


def tilted(noise: np.ndarray, slope_db: float) -> np.ndarray:
    """(3, time) noise whose power rises by ``slope_db`` per decade more, of the same rms in 2-8 Hz."""
    frequencies = fft.rfftfreq(noise.shape[-1], 1 / RATE_HZ)
    decades = np.log10(np.clip(frequencies, 1.0, 12.5) / 4)
    changed = fft.irfft(fft.rfft(noise) * 10 ** (slope_db * decades / 20), noise.shape[-1])
    return (changed * band_rms(noise, RATE_HZ) / band_rms(changed, RATE_HZ)).astype(np.float32)


def nuisances(count: int, seed: int, processes: int) -> TestSet:
    """Noise of the sea floor with T-phases, ships and air guns, at SNR 1.2 to 15."""
    settings = WindowSettings(share_tremor=0.0, share_earthquake=0.0, share_nuisance=1.0, share_ocean=1.0)
    return simulated(settings, count, seed, processes)


def both(count: int, seed: int, processes: int) -> TestSet:
    """Windows of tremor and earthquake at once."""
    settings = WindowSettings(share_tremor=0.0, share_earthquake=0.0, share_both=1.0, share_ocean=1.0)
    return simulated(settings, count, seed, processes)


# --- real and semi-real windows -----------------------------------------------------------------------------


class Noise:
    """Continuous real noise of one use, native components only."""

    def __init__(self, use: str) -> None:
        found = [*shared_data.puerto_rico(), *shared_data.single_component()]
        wanted = [one for one in found if one.use == use and one.source not in ("Darfield", "teleseism")]
        self.recordings = [(one, made) for one in wanted for made in noise_recordings([one])]

    def draw(self, rng: np.random.Generator) -> NoiseWindow:
        """One window without events, Puerto Rico (three components) for three of four."""
        three = rng.random() < 0.75
        chosen = [made for one, made in self.recordings if (one.source == "Puerto Rico") == three]
        return chosen[rng.integers(len(chosen))].draw(rng)


def real_noise(noise: Noise, *, keep: bool = False) -> TestSet:
    """All windows of the recordings, as a network would see them; ``quiet`` tells those without events."""
    sets = []
    for one, made in noise.recordings:
        sets.append(continuous(one, made.samples, keep=keep))
        seconds = sets[-1].table["start_s"].to_numpy()
        near = np.abs(seconds[:, None] - made.quiet_starts_s).min(axis=1) <= 5
        sets[-1].table["quiet"] = near
    return joined(sets)


def continuous(one: shared_data.Recording, samples: np.ndarray, *, keep: bool = False) -> TestSet:
    """Windows of a recording, 60 s apart, with the hour before each as far as it was recorded."""
    spectrograms = spectrograms_of(samples, RATE_HZ, SETTINGS)
    starts = window_starts(START, START + timedelta(samples.shape[1] / RATE_HZ), SETTINGS)
    table = pd.DataFrame(
        {
            "category": "noise",
            "snr": np.nan,
            "kind": "background",
            "origin": one.source,
            "station": one.station,
            "recording": one.event,
            "start_s": (starts - START) / np.timedelta64(1, "s"),
        }
    )
    firsts = (table["start_s"].to_numpy() * RATE_HZ).astype(int)
    cut = np.stack([samples[:, k : k + round(WINDOW_S * RATE_HZ)] for k in firsts]) if keep else None
    return TestSet(cut_windows(spectrograms, starts, SETTINGS), table, cut)


def large_earthquakes() -> TestSet:
    """The hours of two great earthquakes, on one component."""
    wanted = [one for one in shared_data.single_component() if one.source in ("Darfield", "teleseism")]
    return joined([continuous(one, at_rate(one, RATE_HZ)) for one in wanted])


def ocean_bottom() -> TestSet:
    """The one real recording of an ocean bottom: two windows."""
    one = shared_data.ocean_bottom()
    return continuous(one, at_rate(one, RATE_HZ))


def windows_in_noise(rows: list[tuple[np.ndarray, NoiseWindow, dict]], *, keep: bool = False) -> TestSet:
    samples = np.stack([one for one, _, _ in rows])
    background = np.stack([noise.background for _, noise, _ in rows])
    context = np.array([noise.context for _, noise, _ in rows])
    table = pd.DataFrame([row | {"station": noise.origin} for _, noise, row in rows])
    return TestSet(spectra_of(samples, background, context), table, samples if keep else None)


def semi_real(
    noise: Noise,
    use: str,
    count: int,
    snrs: tuple[float, ...],
    seed: int,
    *,
    real_times: bool,
    keep: bool = False,
) -> TestSet:
    """Tremor of stacked LFEs in real noise, ``count`` windows at each SNR.

    With ``real_times``, LFEs come when LFEs of these families were really detected, 2007-2009: some ten
    seconds apart, so that three may be all. Else at drawn times, denser than catalogues know.
    """
    rng, stacks = np.random.default_rng(seed), LfeStacks(use)
    stations, codes, rows = sorted(stacks.templates), stacks.library.network.codes, []
    for snr in snrs:
        for _ in range(count):
            draw = stacks.draw_real if real_times else stacks.draw_dense
            window, station = noise.draw(rng), stations[rng.integers(len(stations))]
            signal, family = draw(station, rng)
            made = put_into_noise(window.samples, signal, snr, RATE_HZ)
            if made is not None:
                kind = "real times" if real_times else "drawn times"
                row = {"category": "tremor", "snr": snr, "kind": kind, "origin": "semi-real"}
                code = codes[station] if station < len(codes) else "without place"
                row |= {"family": family, "lfe_station": code}
                rows.append((made, window, row))
    return windows_in_noise(rows, keep=keep)


def real_earthquakes(use: str) -> list[Earthquake]:
    return [Earthquake.of(one) for one in shared_data.earthquakes() if one.use == use]


def native(found: list[Earthquake], seed: int, *, keep: bool = False) -> TestSet:
    """Every record once, its onset at 10-60 s, completed with noise of the spectrum before it.

    So is the hour before, of which nothing was recorded: the background is that of such noise.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for one in found:
        if one.noise is None:
            continue
        live = np.isfinite(one.noise).all(axis=1)
        before = np.full((3, round(WINDOW_S * RATE_HZ)), np.nan, dtype=np.float32)
        before[live] = stationary_noise(one.noise[live], before.shape[1], rng)
        window = NoiseWindow(before, mean_level(before, RATE_HZ, SETTINGS), 1.0, one.recording.station)
        rows.append((one.native(rng.uniform(10, 60), rng), window, earthquake_row(one, "native", np.nan)))
    return windows_in_noise(rows, keep=keep)


def placed(found: list[Earthquake], noise: Noise, snr: float, seed: int) -> TestSet:
    """Every record once in other noise that shares a component with it."""
    rng = np.random.default_rng(seed)
    rows = []
    for one in found:
        made = None
        while made is None:
            window = noise.draw(rng)
            made = put_into_noise(window.samples, one.placed(rng.uniform(10, 60), rng), snr, RATE_HZ)
        rows.append((made, window, earthquake_row(one, "placed", snr)))
    return windows_in_noise(rows)


def earthquake_row(one: Earthquake, kind: str, snr: float) -> dict:
    return {"category": "earthquake", "snr": snr, "kind": kind, "origin": one.recording.source}
