"""Real recordings that the simulator is held against, all brought to one form.

Whatever their origin, records are resampled to 20 Hz and band-passed to 1.5-8 Hz by the same steps, and so
are the simulated ones: what remains different is the ground motion, not the recorder or the processing.
"""

import os
import sys
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import butter, hilbert, resample_poly, sosfiltfilt

from tremorflow.simulate.lfe_library import LfeLibrary, read_lfe_library
from tremorflow.traveltime import read_velocity_model, station_travel_times

RATE_HZ = 20.0
BAND_HZ = (1.5, 8.0)
NOISE_WINDOW_S = 120.0
SMOOTH_S = 0.5  # of the envelope whose maximum is "the S peak"
AFTER_S, BEFORE_S = 12.5, 4.5  # of the S peak that the features look at
TREMOR_SNR = 4.0  # below it a stack shows its residual noise, not its Green's function
EARTHQUAKE_SNR = 5.0
LEAST_S_MINUS_P = 1.2  # s: below it P has no window of its own
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


def shared_folder() -> Path:
    repository = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("TREMORFLOW_DATA", repository.parent / "shared" / "data"))
    if not folder.is_dir():
        sys.exit(f"no real recordings at {folder}: set TREMORFLOW_DATA to the folder that holds lfe/")
    return folder


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
    folder = shared_folder() / "earthquakes"
    drafts = [*_ncedc(folder), *_iceland(folder), *_chile(folder), *_anza(folder)]
    half = halves([draft.station for draft in drafts])
    return [replace(one, half=half[one.station]) for one in drafts if usable(one, EARTHQUAKE_SNR)]


def _ncedc(folder: Path) -> list[Record]:
    base = folder / "ncedc_windows" / "dataset"
    records = []
    for row in pd.read_csv(base / "waveform.csv").itertuples():
        with np.load(base / "waveform_train" / row.fname) as found:
            names = str(found["channels"]).split("_")
            samples, p, s = found["data"].T, int(found["itp"]), int(found["its"])
        order = [[k for k, name in enumerate(names) if name[-1] in kind] for kind in ("E2", "N13", "Z")]
        if len(names) != 3 or any(len(found) != 1 for found in order):
            continue
        samples = samples[[found[0] for found in order]]
        if not (np.isfinite(samples).all() and samples.std(axis=-1).all()):
            continue
        station = ".".join(row.fname.split("_")[:2])
        difference = (s - p) / 100
        records.append(
            _earthquake(
                "NCEDC", station, row.fname[:-4], samples, (100.0, p / 100, s / 100), difference * 8.0
            )
        )
    return records


def _earthquake(
    source, station, event, samples, times, distance_km, *, depth_km=8.0, magnitude=np.nan
) -> Record:
    """Record with P and S; distance from S - P where none is known (8 km/s: crust, Vp/Vs 1.73)."""
    rate_hz, p_s, s_s = times
    depth_km = min(depth_km, 0.8 * distance_km)
    motion = common_form(samples, rate_hz)
    return Record(source, station, event, "", motion, p_s, s_s, distance_km, depth_km, magnitude=magnitude)


def _iceland(folder: Path) -> list[Record]:
    from obspy import UTCDateTime, read

    records = []
    for path in sorted((folder / "iceland_volcanotectonic" / "Volcanotectonic_Iceland").glob("*.picks")):
        stream = read(str(path.with_suffix(".m")))
        event = pd.read_csv(path.with_suffix(".event")).iloc[0]
        picks = pd.read_csv(path)
        for station, rows in picks.groupby("Station"):
            times = {row.Phase: str(row.PickTime) for row in rows.itertuples()}
            traces = stream.select(station=station)
            one = _three_components(traces)
            if one is None or set(times) != {"P", "S"} or not all(t.startswith("20") for t in times.values()):
                continue
            samples, rate_hz, start = one
            p, s = (UTCDateTime(times[phase]) - start for phase in "PS")
            records.append(
                _earthquake(
                    "Iceland",
                    f"IS.{station}",
                    path.stem,
                    samples,
                    (rate_hz, p, s),
                    (s - p) * 8.0,
                    depth_km=float(event.Z),
                    magnitude=float(event.ML),
                )
            )
    return records


def _three_components(traces):
    """Samples (3, time), rate and start of the traces of one station."""
    order = [[trace for trace in traces if trace.stats.channel[-1] in kind] for kind in ("E2", "N1", "Z3")]
    if any(len(found) != 1 for found in order):
        return None
    start = max(found[0].stats.starttime for found in order)
    end = min(found[0].stats.endtime for found in order)
    cut = [found[0].slice(start, end) for found in order]
    length = min(len(trace) for trace in cut)
    samples = np.array([trace.data[:length] for trace in cut], dtype=float)
    if length < 100 or not np.isfinite(samples).all() or not samples.std(axis=-1).all():
        return None
    return samples, float(cut[0].stats.sampling_rate), cut[0].stats.starttime


def _chile(folder: Path) -> list[Record]:
    """Slab earthquakes below PB01. No picks come with them: P is picked here, S by the travel-time model."""
    import h5py

    from tremorflow.geodesy import distances_km

    table = pd.read_csv(folder / "chile_pb01" / "metadata.csv")
    model = read_velocity_model("iasp91")
    records = []
    with h5py.File(folder / "chile_pb01" / "waveforms.hdf5") as file:
        for row in table.itertuples():
            bucket, _, place = row.trace_name.partition("$")
            samples = np.asarray(file["data"][bucket][int(place.split(",")[0])], float)
            epicentral = float(
                distances_km(
                    row.station_latitude_deg,
                    row.station_longitude_deg,
                    row.source_latitude_deg,
                    row.source_longitude_deg,
                )
            )
            hypocentral = float(np.hypot(epicentral, row.source_depth_km))
            p_s = pick_onset(samples[_vertical(file)])
            difference = _s_minus_p(model, epicentral, row.source_depth_km)
            records.append(
                _earthquake(
                    "Chile",
                    "CX.PB01",
                    str(row.trace_start_time),
                    samples[[_east(file), _north(file), _vertical(file)]],
                    (RATE_HZ, p_s, p_s + difference),
                    hypocentral,
                    depth_km=row.source_depth_km,
                    magnitude=row.source_magnitude,
                )
            )
    good = [one for one in records if usable(one, EARTHQUAKE_SNR)]
    return good[:: max(1, len(good) // CHILE_EVENTS)][:CHILE_EVENTS]


def _order(file) -> str:
    value = file["data_format"]["component_order"][()] if "data_format" in file else b"ZNE"
    return value.decode() if isinstance(value, bytes) else str(value)


def _vertical(file) -> int:
    return _order(file).index("Z")


def _north(file) -> int:
    return _order(file).index("N")


def _east(file) -> int:
    return _order(file).index("E")


def _s_minus_p(model, epicentral_km: float, depth_km: float) -> float:
    from tremorflow.traveltime import compute_travel_times

    key = (id(model),)
    if key not in _TABLES:
        depths, reach = np.arange(0.0, 251.0, 5.0), 700.0
        _TABLES[key] = tuple(compute_travel_times(model, depths, reach, phase=phase) for phase in "PS")
    p, s = _TABLES[key]
    return float(s.times(depth_km, epicentral_km) - p.times(depth_km, epicentral_km))


_TABLES: dict = {}


def pick_onset(vertical: np.ndarray) -> float:
    """Seconds to where 0.5 s after hold most more energy than 4 s before; good to 0.2 s at SNR 5."""
    power = common_form(vertical[None], RATE_HZ)[0] ** 2
    total = np.concatenate([[0.0], np.cumsum(power)])
    short, long = round(0.5 * RATE_HZ), round(4.0 * RATE_HZ)
    places = np.arange(long, len(power) - short)
    after = (total[places + short] - total[places]) / short
    before = (total[places] - total[places - long]) / long
    ratio = after / (before + 1e-4 * power.max())
    return float(places[int(np.argmax(ratio))] / RATE_HZ)


def _anza(folder: Path) -> list[Record]:
    from obspy import Stream, UTCDateTime, read

    base = folder / "anza"
    stations = pd.read_csv(base / "stations.csv").set_index("station")
    picks: dict[str, dict[str, UTCDateTime]] = {}
    for line in next(base.glob("*.obs")).read_text().splitlines():
        words = line.split()
        if len(words) >= 9:
            day, clock = words[6], words[7]
            time = UTCDateTime(f"{day}T{clock}00") + float(words[8])
            picks.setdefault(words[0], {})[words[4]] = time
    records = []
    for station, times in picks.items():
        stream = Stream()
        for path in base.glob(f"*.{station}0?.sac"):
            trace = read(str(path))[0]
            if trace.stats.channel[0] in "BHE" and trace.stats.channel[1] == "H":
                stream.append(trace)
        for band in ("HH", "BH", "EH"):
            one = _three_components([t for t in stream if t.stats.channel[:2] == band])
            if one is not None and set(times) == {"P", "S"}:
                p, s = (times[phase] - one[2] for phase in "PS")
                distance = float(np.hypot(stations.distance_km.get(station, (s - p) * 8), 17.3))
                records.append(
                    _earthquake(
                        "Anza",
                        f"AN.{station}",
                        "anza",
                        one[0],
                        (one[1], p, s),
                        distance,
                        depth_km=17.3,
                        magnitude=3.0,
                    )
                )
                break
    return records


# --- noise --------------------------------------------------------------------------------------------------


def noise_records() -> list[Record]:
    """Windows of 120 s: Puerto Rico with three components; undervolc and California with the one they have.

    Windows with an event that rises fast (P or S of a local earthquake, a spike) are left out: STA/LTA.
    Half "a" is what DEFINITIONS.md lets one train on.
    """
    from obspy import read

    folder = shared_folder() / "noise"
    records = []
    for path in sorted((folder / "puertorico").glob("*.mseed")):
        stream = read(str(path))
        for station in sorted({trace.stats.station for trace in stream}):
            one = _three_components(stream.select(station=station))
            train = station != "PR44" and "20170908_170000" in path.name
            if one is not None:
                name = f"PR.{station}"
                records += _windows("Puerto Rico", name, path.stem, "a" if train else "b", one[:2])
    single = {"undervolc": ("UV06", 2), "california": ("CCA", 1)}
    for name, (trained, component) in single.items():
        for path in sorted((folder / name).iterdir()):
            trace = read(str(path))[0]
            hours = [trace.slice(trace.stats.starttime + h * 3600, trace.stats.starttime + (h + 1) * 3600)
                     for h in (3, 9, 15, 21)]  # fmt: skip
            for hour, part in zip((3, 9, 15, 21), hours, strict=True):
                samples = np.full((3, len(part)), np.nan)
                samples[component] = part.data
                half = "a" if trace.stats.station == trained else "b"
                records += _windows(
                    name,
                    f"{name}.{trace.stats.station}",
                    f"{hour}",
                    half,
                    (samples, part.stats.sampling_rate),
                )
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
