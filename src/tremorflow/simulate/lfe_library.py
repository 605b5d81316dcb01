"""A library of real low-frequency earthquakes (LFEs): stacks of three-component waveforms by template."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from tremorflow.errors import SettingsError
from tremorflow.options import option, settings_class
from tremorflow.records import ROLES, FloatArray, Network, Station, utc
from tremorflow.traveltime import read_velocity_model, station_travel_times

STACK_RATE_HZ = 20.0
STACK_SAMPLES = 1201
KEY = "semi_real.library"
# Channels end in E, N, Z, or 1, 2, Z where the sensor was not turned (borehole): SEED asks for 1 near north.
COMPONENT = {"E": 0, "2": 0, "N": 1, "1": 1, "Z": 2}
INSTRUMENTS = ("HH", "BH", "EH", "SH")  # of a station with several: broadband first, they are quieter
EARLY_S = 1.5  # that a stack may move ahead of the predicted P
REACH_KM = 500.0  # of the travel times; the stations furthest from a template are 250 km away


@settings_class
class SemiRealSettings:
    """Tremor put together from stacks of real low-frequency earthquakes."""

    library: str = option("", unit="-", reason="folder of the stacks; empty: no semi-real tremor")
    select: tuple[str, ...] = option((), unit="-", reason="families or templates to use; empty: all")
    stations: tuple[str, ...] = option((), unit="-", reason="stations to use; empty: all of the library")
    model: str = option(
        "cascadia_south", unit="-", reason="predicts when P comes: made for the region of our library"
    )
    times: str = option(
        "", unit="-", reason="CSV of real detections (template, time), also by name in library; empty: drawn"
    )
    real_start: str = option(
        "2008-04-20T04:00:00Z",
        unit="UTC",
        reason="real time at which the scenario starts: the richest hour of the 2007-2009 detections (280)",
    )
    rate_per_hour: float = option(
        20.0, unit="1/h", reason="LFEs of a family, if drawn; a family active for hours has 10-60", gt=0
    )
    clustering: float = option(
        1.5,
        unit="-",
        reason="spread of ln(rate) over minutes, if drawn: bursts with gaps, as real ones",
        ge=0,
    )
    amplitude: str = option(
        "stack",
        unit="-",
        reason='"stack": SNR between stations as in the stacks, which is what they were normalised to; '
        '"model": 1/r and Q',
        pattern="^(stack|model)$",
    )
    lfe_snr: tuple[float, float] = option(
        (3.0, 20.0),
        unit="-",
        reason="mean LFE of a burst over noise, 2-8 Hz, strongest 5 s, best station; 10 in 120 s: x 0.65",
    )
    reference_noise_m_s: float = option(
        3e-8, unit="m/s", reason='what SNR refers to with amplitude "model": quiet land, 2-8 Hz', gt=0
    )
    quality_factor: float = option(200.0, unit="-", reason='S, with amplitude "model"; as medium', gt=0)
    min_stack_snr: float = option(
        2.0, unit="-", reason="weaker stacks are left out: 1.3 is chance in 60 s of noise", ge=1
    )

    def __post_init__(self) -> None:
        """Refuse ranges out of order and times that are none."""
        if not 0 < self.lfe_snr[0] <= self.lfe_snr[1]:
            raise ValueError(f"lfe_snr = {self.lfe_snr}: needs 0 < lowest <= highest")
        utc(self.real_start)


@dataclass(frozen=True, slots=True)
class LfeLibrary:
    """Stacks of low-frequency earthquakes on the stations that recorded them.

    ``waveforms`` (template, station, 3, time) are east, north, up at 20 Hz, NaN where a template has no
    complete stack; sample 0 is one time for all stations of a template. ``latitudes``, ``longitudes`` and
    ``depths_km`` are (template,); ``origins_s`` (template,) is the source time and ``p_times_s``
    (template, station) the predicted P arrival, both in seconds after sample 0.
    """

    templates: tuple[str, ...]
    families: tuple[str, ...]
    latitudes: FloatArray
    longitudes: FloatArray
    depths_km: FloatArray
    network: Network
    waveforms: NDArray[np.float32]
    origins_s: FloatArray
    p_times_s: FloatArray

    def templates_of(self, family: str) -> tuple[int, ...]:
        """Return the indices of the templates of a family, near-copies of each other."""
        return tuple(k for k, name in enumerate(self.families) if name == family)


def read_lfe_library(path: str | Path, settings: SemiRealSettings | None = None) -> LfeLibrary:
    """Library of LFE stacks from a folder.

    Parameters
    ----------
    path
        Folder with ``families.csv`` (template, family, latitude, longitude, depth_km), ``stations.csv``
        (network, station, latitude, longitude) and ``templates_*.npz``, arrays named
        ``template|station|channel`` of 1201 samples at 20 Hz.
    settings
        ``select``, ``stations`` and ``model`` of it count.

    Raises
    ------
    SettingsError
        A folder, table, family or station that is not there; the message names the key of the settings.

    Notes
    -----
    Only stations with a place and with all three components of one instrument count: a tremor that is absent
    from two components would teach a detector something false. Elevations are not given and taken as 0.
    """
    folder, settings = Path(path), settings or SemiRealSettings()
    families = _read_table(
        folder, "families.csv", ["template", "family", "latitude", "longitude", "depth_km"]
    )
    places = _read_table(folder, "stations.csv", ["network", "station", "latitude", "longitude"])
    families = _selected(families, ("family", "template"), settings.select, "semi_real.select")
    places["code"] = places["network"] + "." + places["station"]
    places = _selected(
        places.drop_duplicates("station"), ("station", "code"), settings.stations, "semi_real.stations"
    )
    waveforms = read_stacks(folder, list(families["template"]), list(places["station"]))
    used = np.isfinite(waveforms).all(axis=(2, 3)).any(axis=0)
    if not used.any():
        raise SettingsError(
            f"{KEY}: no station of {folder} has a three-component stack of the templates chosen; "
            "choose other semi_real.select or semi_real.stations"
        )
    network = Network(
        tuple(
            Station(row["network"], row["station"], float(row["latitude"]), float(row["longitude"]), 0.0)
            for row in places.iloc[np.flatnonzero(used)].to_dict("records")
        )
    )
    return _make_library(families, network, waveforms[:, used], settings.model)


def _make_library(
    families: pd.DataFrame, network: Network, waveforms: NDArray[np.float32], model: str
) -> LfeLibrary:
    """Library with the source times and P arrivals that a velocity model predicts."""
    latitudes, longitudes, depths_km = (
        families[name].to_numpy(dtype=np.float64) for name in ("latitude", "longitude", "depth_km")
    )
    depths = np.arange(0.0, 101.0, 2.0)
    p_times, s_times = (
        station_travel_times(read_velocity_model(model), network, depths, REACH_KM, phase)
        .times(latitudes, longitudes, depths_km)
        .T
        for phase in ("P", "S")
    )
    origins_s = np.array([_origin_s(*pair) for pair in zip(waveforms, s_times, strict=True)])
    return LfeLibrary(
        templates=tuple(families["template"]),
        families=tuple(families["family"]),
        latitudes=latitudes,
        longitudes=longitudes,
        depths_km=depths_km,
        network=network,
        waveforms=waveforms,
        origins_s=origins_s,
        p_times_s=origins_s[:, None] + p_times,
    )


def isolate_signals(
    waveforms: NDArray[np.float32], p_times_s: FloatArray, min_snr: float
) -> NDArray[np.float32]:
    """Stacks without the noise that they still hold: (template, station, 3, time), NaN where too weak.

    Parameters
    ----------
    waveforms : (template, station, 3, time)
        Stacks at 20 Hz, NaN where there is none, or in components that are not there.
    p_times_s : (template, station)
        When P comes, in seconds after the first sample.
    min_snr
        A stack counts if its strongest 2 s are this much larger than its noise, and than the 5 s before P, in
        amplitude: hums that swell over half a minute are in some stacks, and no LFE.

    Notes
    -----
    Nothing moves before 1.5 s ahead of the predicted P (S residuals of the stacks have a standard deviation
    of 0.8 s). Later the three components are multiplied by the Wiener gain ``1 - noise power / power``, the
    power taken over 2 s: otherwise hundreds of summed stacks carry a stationary noise that no tremor has.
    """
    squares = _squares(waveforms)
    power = _smoothed(squares, 2.0)
    noise = np.percentile(power, 20, axis=-1)  # before the P or late in the coda
    after_s = np.arange(waveforms.shape[-1]) / STACK_RATE_HZ - p_times_s[..., None]
    strong = power.max(axis=-1) >= min_snr**2 * np.fmax(noise, _mean_before_p(squares, after_s))
    gain = np.clip(1 - noise[..., None] / np.maximum(power, 1e-30), 0, 1)
    gain *= np.sin(0.5 * np.pi * np.clip(after_s + EARLY_S, 0, 1)) ** 2
    gain *= np.clip((np.arange(waveforms.shape[-1])[::-1]) / STACK_RATE_HZ / 2.0, 0, 1)  # no step at the end
    signals = waveforms * gain[:, :, None, :].astype(np.float32)
    return np.where(strong[..., None, None], signals, np.float32(np.nan))


def _mean_before_p(squares: FloatArray, after_s: FloatArray) -> FloatArray:
    """(template, station) mean of the 5 s before anything moves, NaN with less than 1 s of them."""
    before = (after_s < -EARLY_S) & (after_s >= -EARLY_S - 5.0)
    count = before.sum(axis=-1)
    return np.where(count >= STACK_RATE_HZ, (squares * before).sum(axis=-1) / np.maximum(count, 1), np.nan)


def stack_power(waveforms: NDArray[np.float32], smooth_s: float) -> FloatArray:
    """(..., time) sum of the squares of the components that are there, averaged over some seconds."""
    return _smoothed(_squares(waveforms), smooth_s)


def _squares(waveforms: NDArray[np.float32]) -> FloatArray:
    return np.asarray(np.nansum(np.asarray(waveforms, dtype=np.float64) ** 2, axis=-2))


def _smoothed(squares: FloatArray, smooth_s: float) -> FloatArray:
    return np.asarray(uniform_filter1d(squares, round(smooth_s * STACK_RATE_HZ), axis=-1, mode="nearest"))


def _origin_s(stacks: NDArray[np.float32], s_times_s: FloatArray) -> float:
    """Source time after sample 0 at which most S waves come when they should.

    The power of each station, over its noise and at most 1, is summed along the predicted S times.
    """
    there = np.isfinite(stacks).all(axis=(1, 2)) & np.isfinite(s_times_s)
    if not there.any():
        return 0.0
    power = stack_power(stacks[there], 1.0)
    noise = np.percentile(power, 20, axis=-1, keepdims=True)
    peak = power.max(axis=-1, keepdims=True)
    weight = np.maximum(peak / noise - 3, 0)  # a weak stack's maximum is chance
    height = weight * np.clip((power - noise) / (peak - noise), 0, 1)
    trials = np.arange(-40.0, 60.0, 1 / STACK_RATE_HZ)
    times = np.arange(power.shape[-1]) / STACK_RATE_HZ
    total = sum(
        np.interp(trials + s, times, row, left=0, right=0)
        for s, row in zip(s_times_s[there], height, strict=True)
    )
    return float(trials[int(np.argmax(total))])


def _read_table(folder: Path, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Table of the library, names as text."""
    path = folder / name
    texts = dict.fromkeys(("template", "family", "network", "station"), str)
    try:
        table = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""])
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise SettingsError(
            f"{KEY}: {path} cannot be read ({error}); give a folder with families.csv, stations.csv and "
            "templates_*.npz"
        ) from error
    missing = [column for column in columns if column not in table or table[column].isna().any()]
    if missing:
        raise SettingsError(f"{KEY}: {path} lacks values of {missing}; its columns must be {list(columns)}")
    return table[list(columns)]


def _selected(table: pd.DataFrame, columns: tuple[str, str], names: Sequence[str], key: str) -> pd.DataFrame:
    """Rows of which one of two columns is among the names; all if there are no names."""
    known = {str(name) for column in columns for name in table[column]}
    unknown = sorted(set(names) - known)
    if unknown:
        raise SettingsError(f"{key}: {unknown} are not in the library; known are {sorted(known)}")
    chosen = table[columns[0]].isin(list(names)) | table[columns[1]].isin(list(names))
    return table[chosen | (not names)].reset_index(drop=True)


def read_stacks(
    folder: Path, templates: list[str], stations: list[str], *, fewest: int = len(ROLES)
) -> NDArray[np.float32]:
    """Stacks as they are stored, (template, station, 3, time), NaN where there is none.

    Of each station the instrument with most components counts, if it has ``fewest`` or more.
    """
    found: dict[tuple[int, int], dict[str, dict[int, NDArray[np.float32]]]] = {}
    for name, stack in _stored_stacks(folder):
        template, station, channel = name.split("|")
        if template in templates and station in stations and channel[-1:] in COMPONENT:
            place = templates.index(template), stations.index(station)
            parts = found.setdefault(place, {}).setdefault(channel[:2], {})
            parts[COMPONENT[channel[-1]]] = stack
    waveforms = np.full((len(templates), len(stations), 3, STACK_SAMPLES), np.nan, dtype=np.float32)
    for place, instruments in found.items():
        best = max((instruments.get(code, {}) for code in INSTRUMENTS), key=len)  # of several alike the first
        if len(best) >= fewest:
            for component, stack in best.items():
                waveforms[place][component] = stack
    return waveforms


def _stored_stacks(folder: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Name and samples of every usable stack: finite and not zero throughout."""
    paths = sorted(folder.glob("templates_*.npz"))
    if not paths:
        raise SettingsError(f"{KEY}: {folder} has no templates_*.npz; give a folder of LFE stacks")
    for path in paths:
        try:
            with np.load(path) as arrays:
                stored = {name: np.asarray(arrays[name], dtype=np.float32) for name in arrays.files}
        except (OSError, ValueError) as error:
            raise SettingsError(f"{KEY}: {path} cannot be read ({error}); copy it again") from error
        for name, stack in stored.items():
            if name.count("|") != 2 or stack.shape != (STACK_SAMPLES,):
                raise SettingsError(
                    f"{KEY}: {path}: {name} of shape {stack.shape} is no stack; arrays are named "
                    f"template|station|channel and have {STACK_SAMPLES} samples at {STACK_RATE_HZ:g} Hz"
                )
            if np.isfinite(stack).all() and stack.any():
                yield name, stack
