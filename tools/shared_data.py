"""The real recordings of ../shared/data (or TREMORFLOW_DATA), as they are, and what each may be used for.

Which of them trains and which tests is fixed: split by station, event or time, so that nothing that tests
has been trained on. "dev" is a part of what may train that is kept for calibration and for choosing.
Nothing of the recordings goes into the repository.
"""

import os
import sys
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import resample_poly

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from obspy import Stream, UTCDateTime, read


@dataclass(frozen=True)
class Recording:
    """Samples (3, time) east, north, up in counts, NaN for missing components, of one station.

    ``use`` is "train", "dev" or "test"; ``p_s`` and ``s_s`` are seconds after the first sample, NaN if there
    is no onset or none is known; of an earthquake whose onsets are predicted ``picked`` is false. Of noise,
    windows within ``spans_s`` (s) may be used so; the rest serves as the background of the time before.
    """

    source: str
    station: str
    event: str
    use: str
    samples: np.ndarray
    rate_hz: float
    p_s: float = np.nan
    s_s: float = np.nan
    latitude: float = np.nan
    longitude: float = np.nan
    depth_km: float = np.nan
    magnitude: float = np.nan
    spans_s: tuple[tuple[float, float], ...] = ((0.0, np.inf),)
    picked: bool = True


def shared_folder() -> Path:
    repository = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("TREMORFLOW_DATA", repository.parent / "shared" / "data"))
    if not folder.is_dir():
        sys.exit(f"no real recordings at {folder}: set TREMORFLOW_DATA to the folder that holds lfe/")
    return folder


def at_rate(recording: Recording, rate_hz: float) -> np.ndarray:
    """(3, time) float32 at another rate, means removed."""
    samples = recording.samples.copy()
    live = np.isfinite(samples).all(axis=1)
    samples[live] -= samples[live].mean(axis=-1, keepdims=True)
    return resampled(samples, recording.rate_hz, rate_hz)


def resampled(samples: np.ndarray, old_hz: float, new_hz: float) -> np.ndarray:
    """(..., time) float32 by a polyphase filter; components with NaN become NaN."""
    from fractions import Fraction

    if old_hz == new_hz:
        return samples.astype(np.float32)
    ratio = Fraction(new_hz / old_hz).limit_denominator(1000)
    return resample_poly(samples, ratio.numerator, ratio.denominator, axis=-1).astype(np.float32)


# --- earthquakes --------------------------------------------------------------------------------------------


def ncedc() -> list[Recording]:
    """Windows of 90 s of Northern California; every third station tests."""
    base = shared_folder() / "earthquakes" / "ncedc_windows" / "dataset"
    found = []
    for row in pd.read_csv(base / "waveform.csv").itertuples():
        with np.load(base / "waveform_train" / row.fname) as stored:
            samples, p, s = stored["data"].T.astype(float), int(stored["itp"]), int(stored["its"])
        dead = ~(samples.std(axis=-1) > 0)  # always three columns E, N, Z: zeros where there is no component
        samples[dead] = np.nan
        if not dead.all():
            station = ".".join(row.fname.split("_")[:2])
            found.append(Recording("NCEDC", station, row.fname[:-4], "", samples, 100.0, p / 100, s / 100))
    return with_use(found, [one.station for one in found], thirds)


def iceland() -> list[Recording]:
    """Volcano-tectonic events on up to 12 stations; every third event tests. Onsets picked or predicted."""
    folder = shared_folder() / "earthquakes" / "iceland_volcanotectonic" / "Volcanotectonic_Iceland"
    found = []
    for path in sorted(folder.glob("*.picks")):
        stream = read(str(path.with_suffix(".m")))
        event = pd.read_csv(path.with_suffix(".event")).iloc[0]
        for station, rows in pd.read_csv(path).groupby("Station"):
            one = three_components(stream.select(station=station))
            if one is None:
                continue
            samples, rate_hz, start = one
            times = {row.Phase: onset(row) - start for row in rows.itertuples()}
            found.append(
                Recording(
                    *("Iceland", f"IS.{station}", path.stem, ""),
                    *(samples, rate_hz, times.get("P", np.nan), times.get("S", np.nan)),
                    *(float(event.Y), float(event.X), float(event.Z), float(event.ML)),
                    picked={row.Phase for row in rows.itertuples() if is_picked(row)} == {"P", "S"},
                )
            )
    return with_use(found, [one.event for one in found], thirds)


def onset(row) -> "UTCDateTime":
    """Picked time, or the predicted one where nothing was picked."""
    return UTCDateTime(row.PickTime if is_picked(row) else row.ModelledTime)


def is_picked(row) -> bool:
    return str(row.PickTime).startswith("20")


def chile() -> list[Recording]:
    """Slab events below CX.PB01, 60 s at 20 Hz; the later half of the year tests. P is picked here."""
    import h5py

    base = shared_folder() / "earthquakes" / "chile_pb01"
    table = pd.read_csv(base / "metadata.csv")
    found = []
    with h5py.File(base / "waveforms.hdf5") as file:
        for number, row in enumerate(table.itertuples()):
            bucket, _, place = row.trace_name.partition("$")
            up, north, east = np.asarray(file["data"][bucket][int(place.split(",")[0])], float)  # ZNE
            samples = np.array([east, north, up])
            use = "test" if number >= len(table) // 2 else "dev" if number >= 0.4 * len(table) else "train"
            found.append(
                Recording(
                    *("Chile", "CX.PB01", str(row.trace_start_time), use),
                    *(samples, 20.0, pick_onset(up, 20.0), np.nan),
                    *(row.source_latitude_deg, row.source_longitude_deg),
                    *(row.source_depth_km, row.source_magnitude),
                )
            )
    return found


def anza() -> list[Recording]:
    """One earthquake of California at 15 stations, all test."""
    base = shared_folder() / "earthquakes" / "anza"
    picks: dict[str, dict[str, UTCDateTime]] = {}
    for line in next(base.glob("*.obs")).read_text().splitlines():
        words = line.split()
        if len(words) >= 9:
            time = UTCDateTime(f"{words[6]}T{words[7]}00") + float(words[8])
            picks.setdefault(words[0], {})[words[4]] = time
    found = []
    for station, times in picks.items():
        stream = Stream([read(str(path))[0] for path in sorted(base.glob(f"*.{station}0?.sac"))])
        for band in ("HH", "BH", "EH"):
            one = three_components([t for t in stream if t.stats.channel[:2] == band])
            if one is not None:
                samples, rate_hz, start = one
                p, s = (times[phase] - start if phase in times else np.nan for phase in "PS")
                place = (33.676, -116.800, 17.3, np.nan)
                found.append(
                    Recording("Anza", f"AN.{station}", "anza", "test", samples, rate_hz, p, s, *place)
                )
                break
    return found


def earthquakes() -> list[Recording]:
    return [*ncedc(), *iceland(), *chile(), *anza()]


def pick_onset(vertical: np.ndarray, rate_hz: float) -> float:
    """Seconds to where 0.5 s after hold most more energy than 4 s before; good to 0.2 s at SNR 5."""
    from scipy.signal import butter, sosfiltfilt

    sos = butter(4, (1.5, 8.0), "bandpass", fs=rate_hz, output="sos")
    power = sosfiltfilt(sos, vertical - vertical.mean()) ** 2
    total = np.concatenate([[0.0], np.cumsum(power)])
    short, long = round(0.5 * rate_hz), round(4.0 * rate_hz)
    places = np.arange(long, len(power) - short)
    after = (total[places + short] - total[places]) / short
    before = (total[places] - total[places - long]) / long
    return float(places[int(np.argmax(after / (before + 1e-4 * power.max())))] / rate_hz)


# --- noise --------------------------------------------------------------------------------------------------


def puerto_rico() -> list[Recording]:
    """Three hours of three stations: PR15 and PR34 of the first hour train, its last quarter is "dev"."""
    found = []
    for path in sorted((shared_folder() / "noise" / "puertorico").glob("*.mseed")):
        stream = read(str(path))
        for station in ("PR15", "PR34", "PR44"):
            one = three_components(stream.select(station=station))
            assert one is not None
            samples, rate_hz, _ = one
            trains = station != "PR44" and "20170908_170000" in path.name
            found += in_time(
                Recording("Puerto Rico", f"PR.{station}", path.stem, "test", samples, rate_hz),
                trains,
                "tttd",
                900.0,
            )
    return found


SINGLE = {  # file: source, component, whether it trains
    "california/CICCA__BHN___2022002.ms": ("California", 1, True),
    "california/CIHEC__BHN___2022002.ms": ("California", 1, False),
    "undervolc/YA.UV06.00.HHZ.D.2010.244": ("undervolc", 2, True),
    "undervolc/YA.UV10.00.HHZ.D.2010.244": ("undervolc", 2, False),
    "darfield/NZ.BFZ.10.HHZ.20100903T1630.mseed": ("Darfield", 2, False),
    "teleseism/sample.SAC": ("teleseism", 2, False),
}


def single_component() -> list[Recording]:
    """A day, or a large earthquake, on one component; of a day that trains every third hour is "dev"."""
    found = []
    for name, (source, component, trains) in SINGLE.items():
        trace = read(str(shared_folder() / "noise" / name))[0]
        samples = np.full((3, len(trace)), np.nan)
        samples[component] = trace.data
        code = f"{trace.stats.network}.{trace.stats.station}"
        whole = Recording(source, code, name, "test", samples, float(trace.stats.sampling_rate))
        found += in_time(whole, trains, "ttd", 3600.0)
    return found


def ocean_bottom() -> Recording:
    """The only real recording of an ocean bottom: 180 s, three components, test."""
    path = shared_folder() / "noise" / "ocean_bottom" / "XS.S10D.20161212T2053.mseed"
    one = three_components(read(str(path)).select(channel="BH*"))
    assert one is not None
    return Recording("ocean bottom", "XS.S10D", path.stem, "test", *one[:2])


def in_time(whole: Recording, trains: bool, pattern: str, length_s: float) -> list[Recording]:
    """The recording as test data; or twice, its blocks of time for training and for "dev" by turns.

    ``pattern`` has a letter per block of ``length_s``, t or d, and is repeated: blocks of both uses see all
    times of the day.
    """
    if not trains:
        return [whole]
    n_blocks = int(np.ceil(whole.samples.shape[1] / whole.rate_hz / length_s))
    blocks = [(k * length_s, (k + 1) * length_s, pattern[k % len(pattern)]) for k in range(n_blocks)]
    return [
        replace(
            whole, use=use, spans_s=tuple((begin, end) for begin, end, letter in blocks if letter == use[0])
        )
        for use in ("train", "dev")
    ]


# --- parts --------------------------------------------------------------------------------------------------


def thirds(number: int) -> str:
    """Every third tests; of the rest every fifth is for calibration."""
    return "test" if number % 3 == 2 else "dev" if number % 15 in (4, 10) else "train"


def with_use(found: list[Recording], names: list[str], use_of) -> list[Recording]:
    """Recordings with their use, by the place of their name among all names in order."""
    order = {name: number for number, name in enumerate(sorted(set(names)))}
    return [replace(one, use=use_of(order[name])) for one, name in zip(found, names, strict=True)]


def three_components(traces):
    """Samples (3, time), rate and start of the traces of one station; None if a component is missing."""
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


# --- low-frequency earthquakes ------------------------------------------------------------------------------


def lfe_pairs(library, signals: np.ndarray) -> dict[str, list[tuple[int, int]]]:
    """Template and station of every usable stack by use: split by family *and* by station.

    Every third family and every third station test; stacks of a test family at a training station, or the
    other way round, are used for nothing. "dev": every fifth training family.
    """
    codes = sorted(library.network.codes)
    pairs: dict[str, list[tuple[int, int]]] = {"train": [], "dev": [], "test": []}
    for template, station in np.argwhere(np.isfinite(signals).all(axis=(2, 3))):
        family = family_use(library, template)
        code = thirds(codes.index(library.network.codes[station]))
        if (family == "test") == (code == "test"):
            pairs[family].append((int(template), int(station)))
    return pairs


def more_pairs(library, signals: np.ndarray) -> dict[str, list[tuple[int, int]]]:
    """Template and station of the usable stacks of stations outside the library's network: none tests.

    Those of test families are used for nothing.
    """
    pairs: dict[str, list[tuple[int, int]]] = {"train": [], "dev": [], "test": []}
    for template, station in np.argwhere(np.isfinite(signals).all(axis=-1).any(axis=-1)):
        if (use := family_use(library, template)) != "test":
            pairs[use].append((int(template), int(station)))
    return pairs


def family_use(library, template: int) -> str:
    """What the family of a template may be used for."""
    families = sorted(set(library.families))
    return thirds(families.index(library.families[template]))
