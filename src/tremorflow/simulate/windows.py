"""Labelled windows for training, made in memory: every window has a station, noise and source of its own."""

from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from tremorflow.errors import SettingsError
from tremorflow.options import option, settings_class
from tremorflow.records import Network, Station, timedelta, utc
from tremorflow.simulate.noise import NoiseSettings
from tremorflow.simulate.nuisances.sources import log_uniform
from tremorflow.simulate.scene import TILE_S, Motion, SampleGrid, Scene
from tremorflow.simulate.site import SiteSettings
from tremorflow.simulate.streams import generator
from tremorflow.simulate.window_noise import draw_nuisance, pass_band, total_rms, window_background
from tremorflow.simulate.window_signals import SIGNALS, Signal, SignalSettings, draw_place

LABELS = ("noise", "tremor", "earthquake", "both")
"""Names of the labels 0, 1, 2, 3. Windows with both a tremor and an earthquake are for scoring apart."""

CODA_SNR = 2.0  # from which coda alone makes an earthquake window (DEFINITIONS.md)
CHUNK = 50  # windows that a process makes at a time

_Chunk = tuple[NDArray[np.float32], NDArray[np.float32], list[dict[str, Any]]]
_Future = Future[_Chunk]


@settings_class
class WindowSettings:
    """What labelled windows are drawn from."""

    length_s: float = option(120.0, unit="s", reason="DiET's window", ge=60, le=TILE_S)
    sampling_rate_hz: float = option(
        25.0, unit="Hz", reason="DiET's rate: twice 8 Hz and room", ge=20, le=100
    )
    share_tremor: float = option(1 / 3, unit="-", reason="balanced classes", ge=0, le=1)
    share_earthquake: float = option(1 / 3, unit="-", reason="balanced classes", ge=0, le=1)
    share_both: float = option(
        0.0, unit="-", reason="tremor and earthquake at once: left out of training, scored apart", ge=0, le=1
    )
    share_nuisance: float = option(
        0.4, unit="-", reason="of noise windows with a T-phase, ship, shots, vehicles or machine", ge=0, le=1
    )
    share_nuisance_below: float = option(
        0.1,
        unit="-",
        reason="of signal windows with a nuisance in the noise: it is no proof of noise",
        ge=0,
        le=1,
    )
    share_ocean: float = option(0.5, unit="-", reason="sea floor and land alike", ge=0, le=1)
    snr: tuple[float, float] = option(
        (1.2, 15.0), unit="-", reason="log-uniform; below 1 a window is grey, above 15 all is easy"
    )
    rms_m_s: tuple[float, float] = option(
        (3e-9, 3e-6),
        unit="m/s",
        reason="of the sum, 2-8 Hz, log-uniform and the same for all labels: size must not tell",
    )
    matched: bool = option(
        False,
        unit="-",
        reason="for tests: noise, tremor and earthquake in turn at one station, in one background, at one "
        "distance and SNR (but 2 at least for coda), so that none of these can tell the class; the shares "
        "do not count then",
    )
    signals: SignalSettings = SignalSettings()
    noise: NoiseSettings = NoiseSettings(peaked_share=0.25, gusty_share=0.35)
    site: SiteSettings = SiteSettings()

    def __post_init__(self) -> None:
        """Refuse ranges out of order, and shares above 1."""
        for name in ("snr", "rms_m_s"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} = {(low, high)}: needs 0 < lowest <= highest")
        if self.share_tremor + self.share_earthquake + self.share_both > 1 + 1e-9:
            raise ValueError(
                "share_tremor + share_earthquake + share_both must not exceed 1; the rest is noise"
            )
        if not self.noise.enabled:
            raise ValueError("noise.enabled = false: SNR needs noise")


@dataclass(frozen=True, slots=True)
class LabelledWindows:
    """Windows of ground velocity, east, north, up, and what is in them.

    ``samples`` is (window, 3, time) in m/s, ``background`` the noise in it without nuisance and signal;
    ``labels`` (window,) are places in ``LABELS``. ``table`` has a
    row per window: ``window`` (its number), ``label``, ``kind``, ``snr`` (signal over noise, 2-8 Hz, 120 s,
    as DEFINITIONS.md; NaN without signal), ``nuisance`` and ``nuisance_snr`` (over the background),
    ``distance_km``, ``magnitude``, ``energy_j``, ``onset_s``, ``cover_s`` (``window_signals.Signal``),
    ``station`` and ``elevation_m``. The size of a signal follows the SNR: energies are scaled with it and
    true of the samples, magnitudes tell of the shape only.
    """

    samples: NDArray[np.float32]
    background: NDArray[np.float32]
    labels: NDArray[np.int64]
    table: pd.DataFrame
    sampling_rate_hz: float


class WindowParts(NamedTuple):
    """One window before it is added up: its parts, (3, time) each, and its row of the table."""

    background: Motion
    nuisance: Motion
    signal: Motion
    row: dict[str, Any]

    @property
    def noise(self) -> Motion:
        """What a signal has to stand out of: background and nuisance."""
        return self.background + self.nuisance


def labelled_windows(
    settings: WindowSettings, n_windows: int, seed: int, first: int = 0, processes: int = 1
) -> LabelledWindows:
    """Draw the windows ``first`` to ``first + n_windows`` of the endless sequence of a seed.

    Parameters
    ----------
    settings
        What they are drawn from.
    n_windows
        How many.
    seed, first
        A window depends on the seed and its number alone: slices agree with the whole, bit by bit.
    processes
        Processes that share the work; 1 works in this one.
    """
    if processes > 1 and n_windows > CHUNK:
        with _pool(processes) as pool:
            return _gather(settings, _submit(pool, settings, seed, range(first, first + n_windows)))
    return _join(settings, [_make_chunk(settings, seed, range(first, first + n_windows))])


def iterate_windows(
    settings: WindowSettings, seed: int, batch: int = 256, first: int = 0, processes: int = 1
) -> Iterator[LabelledWindows]:
    """Batches of windows without end, each new; ``labelled_windows`` with ``first`` gives any again.

    With several ``processes`` the next batch is made while the last one is used.

    Raises
    ------
    SettingsError
        A batch of less than one window.
    """
    if batch < 1:
        raise SettingsError(f"batch = {batch}: must be 1 or more windows")
    while processes == 1:
        yield labelled_windows(settings, batch, seed, first)
        first += batch
    with _pool(processes) as pool:
        made = _submit(pool, settings, seed, range(first, first + batch))
        while True:
            first += batch
            coming = _submit(pool, settings, seed, range(first, first + batch))
            yield _gather(settings, made)
            made = coming


COLUMNS = {
    "window": "int64",
    "label": "string",
    "kind": "string",
    "snr": "float64",
    "nuisance": "string",
    "nuisance_snr": "float64",
    "distance_km": "float64",
    "magnitude": "float64",
    "energy_j": "float64",
    "onset_s": "float64",
    "cover_s": "float64",
    "station": "string",
    "elevation_m": "float64",
}


def make_window(settings: WindowSettings, seed: int, number: int) -> WindowParts:
    """Make noise and signal of one window, at the sizes at which they add up to it."""
    rng = generator(seed, "window", number)
    ground = rng
    if settings.matched:
        settings, label, scene = _matched(settings, seed, number)
        ground = generator(seed, "matched ground", number // 3)
    else:
        label = _draw_label(settings, rng)
        scene = _draw_scene(settings, seed, number, rng)
    background, disturbance, nuisance = _draw_noise(settings, scene, label, rng)
    rate_hz = settings.sampling_rate_hz
    together = pass_band(background + disturbance, rate_hz)
    signal, found, size = np.zeros_like(background), _describe(None), 1.0
    if label != "noise":
        signal, found = _draw_signal(settings, scene, label, ground, rng)
        passed = pass_band(signal, rate_hz)
        low, high = settings.snr
        if found["kind"] == "coda":
            low, high = max(low, CODA_SNR), max(high, CODA_SNR)
        found["snr"] = log_uniform(rng, low, high)
        size = found["snr"] * total_rms(together) / total_rms(passed)
        together += size * passed
    elif nuisance["nuisance"]:
        found["kind"] = nuisance["nuisance"]
    gain = log_uniform(rng, *settings.rms_m_s) / total_rms(together)
    found["energy_j"] *= (gain * size) ** 2
    station = scene.network.stations[0]
    where = {"station": station.code, "elevation_m": station.elevation_m}
    row = {"window": number, "label": label} | found | nuisance | where
    gain32 = np.float32(gain)
    return WindowParts(background * gain32, disturbance * gain32, signal * np.float32(gain * size), row)


def _make_chunk(settings: WindowSettings, seed: int, numbers: range) -> _Chunk:
    """Make some windows: samples and background (window, 3, time), and rows of the table."""
    n_samples = round(settings.length_s * settings.sampling_rate_hz)
    samples = np.empty((len(numbers), 3, n_samples), dtype=np.float32)
    background = np.empty_like(samples)
    rows = []
    for k, number in enumerate(numbers):
        part = make_window(settings, seed, number)
        samples[k], background[k] = part.noise + part.signal, part.background
        rows.append(part.row)
    return samples, background, rows


def _pool(processes: int) -> ProcessPoolExecutor:
    """Make fresh processes: forked ones may hang in a program with threads, as training is."""
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"))


def _submit(pool: ProcessPoolExecutor, settings: WindowSettings, seed: int, numbers: range) -> list[_Future]:
    chunks = [numbers[k : k + CHUNK] for k in range(0, len(numbers), CHUNK)]
    return [pool.submit(_make_chunk, settings, seed, chunk) for chunk in chunks]


def _gather(settings: WindowSettings, made: list[_Future]) -> LabelledWindows:
    return _join(settings, [one.result() for one in made])


def _join(settings: WindowSettings, chunks: list[_Chunk]) -> LabelledWindows:
    """Put windows made in pieces together."""
    samples, background = (np.concatenate([chunk[k] for chunk in chunks]) for k in (0, 1))
    table = pd.DataFrame([row for *_, rows in chunks for row in rows], columns=list(COLUMNS)).astype(COLUMNS)
    labels = np.array([LABELS.index(str(label)) for label in table["label"]], dtype=np.int64)
    return LabelledWindows(samples, background, labels, table, settings.sampling_rate_hz)


def _draw_label(settings: WindowSettings, rng: Generator) -> str:
    shares = np.cumsum([settings.share_tremor, settings.share_earthquake, settings.share_both])
    return ("tremor", "earthquake", "both", "noise")[
        int(np.searchsorted(shares, rng.uniform(), side="right"))
    ]


def _matched(settings: WindowSettings, seed: int, number: int) -> tuple[WindowSettings, str, Scene]:
    """Draw settings, label and scene of a window that shares station, background, distance and SNR."""
    triple, place = divmod(number, 3)
    rng = generator(seed, "matched", triple)
    scene = _draw_scene(settings, seed, triple, rng)
    distances = (log_uniform(rng, *settings.signals.small_distance_km),) * 2
    signals = replace(
        settings.signals,
        tremor_distance_km=distances,
        small_distance_km=distances,
        local_distance_km=distances,
        regional_distance_km=distances,
    )
    snr = log_uniform(rng, *settings.snr)
    return replace(settings, signals=signals, snr=(snr, snr)), ("noise", "tremor", "earthquake")[place], scene


def _draw_scene(settings: WindowSettings, seed: int, number: int, rng: Generator) -> Scene:
    """Draw a station at some place, and a time of the day; background 1, so that nothing is too weak."""
    ocean = rng.uniform() < settings.share_ocean
    elevation_m = -log_uniform(rng, 200.0, 7000.0) if ocean else rng.uniform(0.0, 1500.0)
    place = Station("WW", f"{number:07d}", rng.uniform(25, 50), rng.uniform(-180, 180), elevation_m)
    start = utc("2020-01-01T00:00:00Z") + timedelta(float(rng.integers(86400)))
    grid = SampleGrid(start, settings.length_s, settings.sampling_rate_hz)
    return Scene(Network((place,)), grid, seed, np.full(1, 1.0))


def _draw_noise(
    settings: WindowSettings, scene: Scene, label: str, rng: Generator
) -> tuple[Motion, Motion, dict[str, Any]]:
    """Background, the nuisance if there is one, at an SNR of its own, and what it is."""
    noise = window_background(settings.noise, scene)
    share = settings.share_nuisance if label == "noise" else settings.share_nuisance_below
    if rng.uniform() >= share:
        return noise, np.zeros_like(noise), {"nuisance": "", "nuisance_snr": np.nan}
    nuisance = draw_nuisance(scene, rng)
    snr = log_uniform(rng, *settings.snr)
    rate_hz = settings.sampling_rate_hz
    size = total_rms(pass_band(nuisance.motion, rate_hz))
    scale = snr * total_rms(pass_band(noise, rate_hz)) / size if size > 0 else 0.0
    disturbance = nuisance.motion * np.float32(scale)
    return noise, disturbance, {"nuisance": nuisance.kind, "nuisance_snr": snr if size > 0 else 0.0}


def _draw_signal(
    settings: WindowSettings, scene: Scene, label: str, ground: Generator, rng: Generator
) -> tuple[Motion, dict[str, Any]]:
    """Motion of tremor, earthquake, or both at a ratio of up to 3, and the first of them described."""
    faint = Scene(scene.network, scene.grid, scene.seed, np.full(1, 1e-30))  # the whole coda is rendered
    place = draw_place(faint, settings.signals, settings.site, ground)
    kinds = ("tremor", "earthquake") if label == "both" else (label,)
    drawn = [SIGNALS[kind](settings.signals, place, rng) for kind in kinds]
    if len(drawn) == 1:
        return drawn[0].motion, _describe(drawn[0])
    sizes = [total_rms(pass_band(one.motion, settings.sampling_rate_hz)) for one in drawn]
    ratio = log_uniform(rng, 1 / 3, 3.0) * sizes[0] / sizes[1]
    return drawn[0].motion + np.float32(ratio) * drawn[1].motion, _describe(drawn[0])


def _describe(signal: Signal | None) -> dict[str, Any]:
    """Columns of the table that tell what the signal is."""
    if signal is None:
        unknown = ("snr", "distance_km", "magnitude", "energy_j", "onset_s", "cover_s")
        return {"kind": "background"} | dict.fromkeys(unknown, np.nan)
    return {
        "kind": signal.kind,
        "snr": np.nan,
        "distance_km": signal.distance_km,
        "magnitude": signal.magnitude,
        "energy_j": signal.energy_j,
        "onset_s": signal.onset_s,
        "cover_s": signal.cover_s,
    }
