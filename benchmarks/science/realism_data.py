"""Real recordings that the simulator is held against, all brought to one form.

Whatever their origin, records are resampled to 20 Hz and band-passed to 1.5-8 Hz by the same steps, and so
are the simulated ones: what remains different is the ground motion, not the recorder or the processing.
"""

import sys
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import shared_data
from scipy.signal import butter, hilbert, resample_poly, sosfiltfilt
from shared_data import shared_folder

from tremorflow.geodesy import distances_km
from tremorflow.simulate.lfe_library import LfeLibrary, read_lfe_library
from tremorflow.traveltime import compute_travel_times, read_velocity_model, station_travel_times

RATE_HZ = 20.0
BAND_HZ = (1.5, 8.0)
NOISE_WINDOW_S = 120.0
SMOOTH_S = 0.5  # of the envelope whose maximum is "the S peak"
AFTER_S, BEFORE_S = 12.5, 4.5  # of the S peak that the features look at
TREMOR_SNR = 4.0  # below it a stack shows its residual noise, not its Green's function
EARTHQUAKE_SNR = 5.0
LEAST_S_MINUS_P = 1.2  # s: below it P has no window of its own
CHILE_STATION = (-21.04323, -69.4874)  # CX.PB01
HOURS = (3, 9, 15, 21)  # of the days with one component
CHILE_EVENTS = 25  # one station: more would outweigh the others
_SOS = butter(4, BAND_HZ, "bandpass", fs=RATE_HZ, output="sos")


@dataclass(frozen=True)
class Record:
    """Motion east, north, up (3, time) at 20 Hz in 1.5-8 Hz, of one event at one station or of noise.

    ``p_s`` and ``s_s`` are seconds after the first sample; ``distance_km`` and ``depth_km`` say where the
    source of a simulated twin belongs; ``event`` names it, ``half`` is "a" (the simulator may be tuned on
    it) or "b".
    """

    source: str
    station: str
    event: str
    half: str
    motion: np.ndarray
    p_s: float = np.nan
    s_s: float = np.nan
    distance_km: float = np.nan
    depth_km: float = np.nan
    magnitude: float = np.nan
    latitude: float = np.nan
    longitude: float = np.nan

    @property
    def peak_s(self) -> float:
        """Time of the S peak: maximum of the smooth envelope of the horizontals about the S arrival."""
        envelope = smooth(horizontal_envelope(self.motion), SMOOTH_S)
        first = max(0, round((self.s_s - 1.0) * RATE_HZ))
        last = max(first + 1, round((self.s_s + 5.0) * RATE_HZ))
        return (first + int(np.argmax(envelope[first:last]))) / RATE_HZ

    @property
    def noise(self) -> np.ndarray:
        """(3, time) what comes before P."""
        return self.motion[:, : max(0, round((self.p_s - 1.0) * RATE_HZ))]

    @property
    def snr(self) -> float:
        """S peak over the rms before P, both of the horizontals."""
        envelope = smooth(horizontal_envelope(self.motion), SMOOTH_S)
        before = envelope[: self.noise.shape[1]]
        peak = envelope[round(self.peak_s * RATE_HZ)]
        return float(peak / np.sqrt(np.mean(before**2))) if len(before) else np.nan

    def cut(self, first_s: float, last_s: float) -> np.ndarray:
        """(3, time) part of the motion."""
        first, last = round(first_s * RATE_HZ), round(last_s * RATE_HZ)
        return self.motion[:, max(first, 0) : last]


def smooth(values: np.ndarray, length_s: float) -> np.ndarray:
    """Moving root mean square along time."""
    count = max(1, round(length_s * RATE_HZ))
    kernel = np.ones(count) / count
    power = np.apply_along_axis(np.convolve, -1, np.asarray(values, float) ** 2, kernel, mode="same")
    return np.sqrt(np.maximum(power, 1e-300))


def envelopes(motion: np.ndarray) -> np.ndarray:
    return np.abs(hilbert(motion, axis=-1))


def horizontal_envelope(motion: np.ndarray) -> np.ndarray:
    return np.sqrt((envelopes(motion[:2]) ** 2).sum(axis=0))


def common_form(samples: np.ndarray, rate_hz: float) -> np.ndarray:
    """(component, time) at 20 Hz in 1.5-8 Hz; the largest sample is 1, so that no amplitude is left."""
    whole = np.asarray(samples, float)
    whole = whole - whole.mean(axis=-1, keepdims=True)
    if rate_hz != RATE_HZ:
        ratio = Fraction(RATE_HZ / rate_hz).limit_denominator(1000)
        whole = resample_poly(whole, ratio.numerator, ratio.denominator, axis=-1)
    whole = sosfiltfilt(_SOS, whole, axis=-1)
    return whole / np.abs(whole).max()


def usable(record: Record, least_snr: float) -> bool:
    """Whether P, S and coda are inside, there is noise to compare with, and S stands out of it."""
    if not (record.s_s - record.p_s >= LEAST_S_MINUS_P and record.noise.shape[1] >= 2.5 * RATE_HZ):
        return False
    length_s = record.motion.shape[1] / RATE_HZ
    inside = record.s_s + 6 <= length_s and record.peak_s + AFTER_S <= length_s
    return bool(inside and record.peak_s >= BEFORE_S and record.snr >= least_snr)


def halves(names: list[str]) -> dict[str, str]:
    """Every second name is in half "a"."""
    return {name: "ab"[k % 2] for k, name in enumerate(sorted(set(names)))}


# --- tremor -------------------------------------------------------------------------------------------------


def tremor_library() -> LfeLibrary:
    return read_lfe_library(shared_folder() / "lfe")


def tremor_records(library: LfeLibrary) -> list[Record]:
    """LFE stacks, three components, at stations whose place is known.

    S is the largest maximum of the horizontals within 4 s of its predicted time: origin times and the model
    are not exact. P comes before it by the predicted difference.
    """
    model = read_velocity_model("cascadia_south")
    tables = station_travel_times(model, library.network, np.arange(0, 81, 2.0), 500.0)
    of_station, of_family = halves(list(library.network.codes)), halves(list(library.families))
    records = []
    for k, template in enumerate(library.templates):
        place = (library.latitudes[k], library.longitudes[k], library.depths_km[k])
        s_times = tables.times(*place) + library.origins_s[k]
        for j, code in enumerate(library.network.codes):
            stack = library.waveforms[k, j]
            if not (np.isfinite(stack).all() and np.abs(stack).max(axis=-1).all()):
                continue
            motion = common_form(stack, RATE_HZ)
            halve = of_station[code] if of_station[code] == of_family[library.families[k]] else "mixed"
            draft = Record("LFE stacks", code, template, halve, motion, latitude=place[0], longitude=place[1])
            draft = replace(draft, depth_km=place[2], p_s=library.p_times_s[k, j], s_s=s_times[j])
            record = with_observed_s(draft)
            if usable(record, TREMOR_SNR):
                records.append(record)
    return records


def with_observed_s(record: Record, reach_s: float = 4.0) -> Record:
    """S put 0.5 s before the maximum of the horizontals near its predicted time, P before it as predicted."""
    envelope = smooth(horizontal_envelope(record.motion), SMOOTH_S)
    first = max(0, round((record.s_s - reach_s) * RATE_HZ))
    last = round((record.s_s + reach_s) * RATE_HZ)
    if last - first < 10 or last > len(envelope):
        return record
    s_s = (first + int(np.argmax(envelope[first:last]))) / RATE_HZ - 0.5
    return replace(record, s_s=s_s, p_s=s_s - (record.s_s - record.p_s))


# --- earthquakes --------------------------------------------------------------------------------------------


def earthquake_records() -> list[Record]:
    """Real earthquakes of which P and S are known or follow from their place."""
    found = [*shared_data.ncedc(), *shared_data.iceland(), *shared_data.chile(), *shared_data.anza()]
    drafts = [one for one in map(_earthquake, found) if one is not None]
    kept = _spread([one for one in drafts if usable(one, EARTHQUAKE_SNR)])
    half = halves([draft.station for draft in drafts])
    return [replace(one, half=half[one.station]) for one in kept]


def _earthquake(one: shared_data.Recording) -> Record | None:
    """Record in common form; None unless all components are there and both onsets are known."""
    s_s, distance_km = one.s_s, (one.s_s - one.p_s) * 8.0  # 8 km/s of S - P: crust, Vp/Vs 1.73
    if one.source == "Chile":
        epicentral = float(distances_km(*CHILE_STATION, one.latitude, one.longitude))
        s_s = one.p_s + _s_minus_p(epicentral, one.depth_km)
        distance_km = float(np.hypot(epicentral, one.depth_km))
    if one.source == "Anza":
        table = pd.read_csv(shared_folder() / "earthquakes" / "anza" / "stations.csv").set_index("station")
        known = table.distance_km.get(one.station.removeprefix("AN."), distance_km)
        distance_km = float(np.hypot(known, one.depth_km))
    if not (one.picked and np.isfinite([one.p_s, s_s]).all() and np.isfinite(one.samples).all()):
        return None
    depth_km = one.depth_km if np.isfinite(one.depth_km) else 8.0
    magnitude = 3.0 if one.source == "Anza" else one.magnitude
    motion = common_form(one.samples, one.rate_hz)
    return Record(
        *(one.source, one.station, one.event, "", motion, one.p_s, s_s, distance_km),
        depth_km=min(depth_km, 0.8 * distance_km),
        magnitude=magnitude,
    )


def _spread(records: list[Record]) -> list[Record]:
    """All records, but of Chile's one station only so many, spread over the year."""
    chile = [one for one in records if one.source == "Chile"]
    few = chile[:: max(1, len(chile) // CHILE_EVENTS)][:CHILE_EVENTS]
    return [one for one in records if one.source != "Chile" or any(one is other for other in few)]


@lru_cache(maxsize=1)
def _slab_times():
    model, depths = read_velocity_model("iasp91"), np.arange(0.0, 251.0, 5.0)
    return tuple(compute_travel_times(model, depths, 700.0, phase=phase) for phase in "PS")


def _s_minus_p(epicentral_km: float, depth_km: float) -> float:
    p, s = _slab_times()
    return float(s.times(depth_km, epicentral_km) - p.times(depth_km, epicentral_km))


# --- noise --------------------------------------------------------------------------------------------------


def noise_records() -> list[Record]:
    """Windows of 120 s: Puerto Rico with three components; undervolc and California with the one they have.

    Windows with an event that rises fast (P or S of a local earthquake, a spike) are left out: STA/LTA.
    Half "a" is what DEFINITIONS.md lets one train on.
    """
    records = []
    for one in shared_data.puerto_rico():
        if one.use != "dev":  # of the same hour as what trains
            half = "a" if one.use == "train" else "b"
            records += _windows("Puerto Rico", one.station, one.event, half, (one.samples, one.rate_hz))
    for one in shared_data.single_component():
        if one.source not in ("undervolc", "California") or one.use == "dev":
            continue
        half, name = "a" if one.use == "train" else "b", one.source.lower()
        for hour in HOURS:
            first, last = (round(h * 3600 * one.rate_hz) for h in (hour, hour + 1))
            code = f"{name}.{one.station.partition('.')[2]}"
            part = (one.samples[:, first:last], one.rate_hz)
            records += _windows(name, code, f"{hour}", half, part)
    return records


def _windows(source: str, station: str, event: str, half: str, given) -> list[Record]:
    samples, rate_hz = given
    return noise_windows(source, station, event, half, band_of_noise(samples, rate_hz))


def band_of_noise(samples: np.ndarray, rate_hz: float) -> np.ndarray:
    """As ``common_form``; absent components stay NaN, the others keep their level relative to each other."""
    present = np.isfinite(samples).all(axis=-1)
    whole = common_form(samples[present], rate_hz)
    result = np.full((len(samples), whole.shape[1]), np.nan)
    result[present] = whole
    return result


def noise_windows(source: str, station: str, event: str, half: str, whole: np.ndarray) -> list[Record]:
    """Windows of a stretch in common form, without those in which something rises like an earthquake."""
    length = round(NOISE_WINDOW_S * RATE_HZ)
    power = np.nansum(whole**2, axis=0)
    short = smooth(np.sqrt(power), 1.0) ** 2
    long = smooth(np.sqrt(power), 30.0) ** 2
    records = []
    for k in range(whole.shape[1] // length):
        part = slice(k * length, (k + 1) * length)
        before = np.roll(long, round(15.5 * RATE_HZ))[part]
        if (short[part] / np.maximum(before, 1e-30)).max() < 40:
            records.append(Record(source, station, f"{event} {k:02d}", half, whole[:, part]))
    return records
