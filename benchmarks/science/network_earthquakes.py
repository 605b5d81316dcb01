"""Real earthquakes for networks put together in memory, of one use (``tools/shared_data.py``).

"anza" (one event, 15 stations) and "iceland" (events on 12 stations) keep their moveout and station places,
and at every station the ratio of signal to its own noise. "composed" earthquakes have at every station of any
network another single-station record (NCEDC shallow, Chile below 90 km), moved so that P comes when a 1-D
model says; shallow ones are records whose S-P fits the distance best, amplitudes fall as 1/r and with Q 200.

A record begins 2 to 6 s before P with a rise of 1 s and ends with a fall of 2 s (DEFINITIONS.md); before and
after it the noise of the network completes it. Some records end before their earthquake does, one of Iceland
at the height of a second, larger one: cut so, it is no earthquake that a network records. "coda" therefore
lets every record that ends above twice its noise die away: random motion of the spectrum of its last 5 s,
falling with the time since P as coda does. What is added is simulated.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import shared_data
from network_sets import NOISE_M_S, RATE_HZ, MadeNetwork
from obspy import Stream, read
from shared_data import Recording, at_rate, resampled

from tremorflow.classifier.mixing import band_rms, noise_amplitudes, stationary_noise
from tremorflow.geodesy import distances_km
from tremorflow.records import Network, Station
from tremorflow.traveltime import StationTravelTimes, read_velocity_model, station_travel_times

ANZA = (33.676, -116.800, 17.3)
ANZA_P_S = 19.0  # the earliest P is 20 s into the records
FREQUENCY_HZ, QUALITY_FACTOR, SPEED_KM_S = 4.0, 200.0, 3.5
CODA_S, CODA_Q = 40.0, 100.0  # length, and Q of coda at 4 Hz: between volcanoes (50) and old crust (200)
SHALLOW_KM, DEEP_KM = (5.0, 20.0), (95.0, 115.0)
AROUND_KM = 40.0  # of the middle of a network, epicentres
BEST_SNR = (3.0, 60.0)  # of the best station over 120 s, log-uniform
OF_NEAREST = 6  # records whose S-P fits, of which one is drawn


@dataclass(frozen=True)
class Trace:
    """Record (3, time) at 25 Hz of one station, its P in seconds after the first sample, and S-P."""

    samples: np.ndarray
    p_s: float
    s_p_s: float


@dataclass(frozen=True)
class NetworkEvent:
    """Records by station code, on one time base, each over its own noise."""

    name: str
    traces: dict[str, Trace]


# --- records ------------------------------------------------------------------------------------------------


def cut(one: Trace, rng: np.random.Generator, *, coda: bool) -> np.ndarray:
    """The record with nothing before it and, but for its coda if that is wanted, nothing after."""
    samples, p_s = one.samples, one.p_s
    if coda and ends_loud(samples, p_s):
        samples = with_coda(samples, p_s, rng.spawn(1)[0])  # leaves what else is drawn as it is
    gain = np.ones(samples.shape[1], dtype=np.float32)
    begin = max(0, round((p_s - rng.uniform(2, 6)) * RATE_HZ))
    rise, fall = round(RATE_HZ), round(2 * RATE_HZ)
    gain[:begin] = 0
    gain[begin : begin + rise] = np.linspace(0, 1, rise)
    gain[-fall:] *= np.linspace(1, 0, fall, dtype=np.float32)
    return samples * gain


def ends_loud(samples: np.ndarray, p_s: float) -> bool:
    """Whether the last 4 s are above twice the noise before P."""
    live = np.isfinite(samples).all(axis=1)
    before = samples[live][:, : round((p_s - 1.0) * RATE_HZ)]
    power = np.array([band_rms(part, RATE_HZ) for part in (before, samples[live][:, -round(4 * RATE_HZ) :])])
    return bool(power[1] > 2 * power[0])


def with_coda(samples: np.ndarray, p_s: float, rng: np.random.Generator) -> np.ndarray:
    """The record and the 40 s after it; its last 2 s pass into what follows.

    Amplitudes fall as (time since P)^-1 exp(-pi f t / Qc): single scattering of body waves (Aki & Chouet
    1975).
    """
    live = np.isfinite(samples).all(axis=1)
    join, count = round(2 * RATE_HZ), round((2 + CODA_S) * RATE_HZ)
    last = samples[live][:, -round(5 * RATE_HZ) :]
    coda = stationary_noise(noise_amplitudes(last), count, rng)
    lapse_s = samples.shape[1] / RATE_HZ - 2 - p_s
    t = np.arange(count) / RATE_HZ
    level = band_rms(last, RATE_HZ) / band_rms(coda, RATE_HZ)
    coda *= level * lapse_s / (lapse_s + t) * np.exp(-np.pi * FREQUENCY_HZ * t / CODA_Q)
    out = np.full((3, samples.shape[1] + count - join), np.nan, dtype=np.float32)
    out[live, : samples.shape[1]] = samples[live]
    out[live, samples.shape[1] :] = coda[:, join:]
    turn = 0.5 * np.pi * np.arange(join) / join
    joint = slice(samples.shape[1] - join, samples.shape[1])
    out[live, joint] = out[live, joint] * np.cos(turn) + coda[:, :join] * np.sin(turn)
    return out


def over_noise(samples: np.ndarray, p_s: float) -> np.ndarray | None:
    """The record with its noise before P at the level of the network's; None with less than 6 s of it."""
    live = np.isfinite(samples).all(axis=1)
    before = samples[live][:, : round((p_s - 1.0) * RATE_HZ)]
    if before.shape[1] < 6 * RATE_HZ:
        return None
    return (samples * (NOISE_M_S / band_rms(before, RATE_HZ))).astype(np.float32)


def anza_network() -> tuple[Network, NetworkEvent]:
    """Stations and the records of the event; all begin within 0.02 s of each other."""
    base = shared_data.shared_folder() / "earthquakes" / "anza"
    places = pd.read_csv(base / "stations.csv").drop_duplicates(["network", "station"])
    places = places.set_index(places["network"] + "." + places["station"])
    found: dict[str, list] = {}
    for path in sorted(base.glob("*.sac")):
        trace = read(str(path))[0]
        found.setdefault(f"{trace.stats.network}.{trace.stats.station}", []).append(trace)
    stations, traces = [], {}
    for code, mine in found.items():
        one = next(filter(None, (instrument(mine, band) for band in ("HH", "BH"))), None)
        if one is None or code not in places.index:
            continue
        samples, rate_hz, _ = one
        place = places.loc[code]
        stations.append(Station(*code.split("."), float(place.latitude), float(place.longitude), 0.0))
        samples = resampled(samples - samples.mean(axis=1, keepdims=True), rate_hz, RATE_HZ)
        level = over_noise(samples, ANZA_P_S)
        assert level is not None
        traces[code] = Trace(level, ANZA_P_S, np.nan)
    return Network(tuple(stations)), NetworkEvent("Anza", traces)


def instrument(traces: list, band: str):
    """Samples, rate and start of one instrument, the first of those with its name."""
    unique = {t.stats.channel: t for t in reversed(traces) if t.stats.channel[:2] == band}
    return shared_data.three_components(Stream(list(unique.values()))) if len(unique) == 3 else None


def iceland_network(use: str) -> tuple[Network, list[NetworkEvent]]:
    """Stations and events; the records of an event begin together."""
    base = shared_data.shared_folder() / "earthquakes" / "iceland_volcanotectonic" / "meta"
    table = pd.read_csv(base / "Volcanotectonic_Iceland_iceland_stations.txt")
    stations = tuple(
        Station("IS", str(row.Name), float(row.Latitude), float(row.Longitude), 0.0)
        for row in table.itertuples()
    )
    events: dict[str, dict[str, Trace]] = {}
    for one in shared_data.iceland():
        if one.use == use and (level := over_noise(at_rate(one, RATE_HZ), one.p_s)) is not None:
            events.setdefault(one.event, {})[one.station] = Trace(level, one.p_s, one.s_s - one.p_s)
    return Network(stations), [NetworkEvent(name, traces) for name, traces in sorted(events.items())]


def iceland_model(folder: Path) -> str:
    """Velocity model of the events' own study as a file that the chain reads."""
    base = shared_data.shared_folder() / "earthquakes" / "iceland_volcanotectonic" / "meta"
    table = pd.read_csv(base / "Volcanotectonic_Iceland_iceland_vmodel.txt")
    below = table[table["Depth"] > 0]
    first = table[table["Depth"] <= 0].iloc[-1:].assign(Depth=0.0, Vp=2.75, Vs=1.545)  # between its rows
    path = folder / "iceland.csv"
    whole = pd.concat([first, below]).rename(columns={"Depth": "depth", "Vp": "vp", "Vs": "vs"})
    whole.to_csv(path, index=False)
    return str(path)


@dataclass(frozen=True)
class SingleRecords:
    """Records of NCEDC and Chile of one use at 25 Hz."""

    shallow: list[Trace]
    deep: list[Trace]

    @classmethod
    def of(cls, use: str) -> "SingleRecords":
        found = [*shared_data.ncedc(), *shared_data.chile()]
        mine = [one for one in found if one.use == use and usable(one)]
        traces = {
            source: [
                Trace(at_rate(one, RATE_HZ), one.p_s, one.s_s - one.p_s)
                for one in mine
                if one.source == source
            ]
            for source in ("NCEDC", "Chile")
        }
        return cls(traces["NCEDC"], traces["Chile"])


def usable(one: Recording) -> bool:
    """Whether there is time before P, and 15 s after it."""
    return one.p_s >= 3.0 and one.samples.shape[1] / one.rate_hz - one.p_s >= 15.0


# --- into the network ---------------------------------------------------------------------------------------


def add_event(
    made: MadeNetwork, event: NetworkEvent, at_s: float, rng: np.random.Generator, *, coda: bool
) -> float:
    """Add an earthquake of a network, its first sample ``at_s`` after the start; gives its best SNR.

    One factor for all stations, so that the best has an SNR drawn from ``BEST_SNR``, but never larger than
    recorded over its own noise: that would come in with it.
    """
    motions = {}
    for station, code in enumerate(made.network.codes):
        if code in event.traces:
            one = event.traces[code]
            motions[station] = np.nan_to_num(cut(one, rng, coda=coda))
    return add_motions(made, motions, dict.fromkeys(motions, at_s), draw_snr(rng), largest=1.0)


def add_composed(
    made: MadeNetwork,
    records: SingleRecords,
    times: dict[str, StationTravelTimes],
    at_s: float,
    rng: np.random.Generator,
    *,
    coda: bool,
) -> float:
    """Add a composed earthquake, shallow for two of three, with its origin ``at_s`` after the start."""
    deep = rng.random() < 1 / 3
    latitude, longitude = epicentre(made.network, rng)
    depth_km = rng.uniform(*(DEEP_KM if deep else SHALLOW_KM))
    p, s = (times[phase].times(latitude, longitude, depth_km) for phase in ("P", "S"))
    away = distances_km(latitude, longitude, made.network.latitudes, made.network.longitudes)
    distance = np.hypot(away, depth_km)
    decay = np.exp(-np.pi * FREQUENCY_HZ * distance / (QUALITY_FACTOR * SPEED_KM_S)) / distance
    left = list(records.deep if deep else records.shallow)
    motions, begins = {}, {}
    for station in rng.permutation(len(made.network)):
        live = np.isfinite(made.noise[station]).all(axis=1)
        fits = [k for k, one in enumerate(left) if np.isfinite(one.samples[live]).all()]
        if not deep:
            fits = sorted(fits, key=lambda k, ps=s[station] - p[station]: abs(left[k].s_p_s - ps))[
                :OF_NEAREST
            ]
        if not fits:
            continue
        one = left.pop(fits[rng.integers(len(fits))])
        signal = np.nan_to_num(cut(one, rng, coda=coda))
        motions[station] = signal * np.float32(decay[station] / band_rms(signal[live], RATE_HZ))
        begins[station] = at_s + p[station] - one.p_s
    return add_motions(made, motions, begins, draw_snr(rng))


def epicentre(network: Network, rng: np.random.Generator) -> tuple[float, float]:
    """Place within 40 km of the middle of a network."""
    radius, azimuth = AROUND_KM * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
    latitude = network.latitudes.mean() + radius * np.cos(azimuth) / 111.2
    longitude = network.longitudes.mean() + radius * np.sin(azimuth) / 111.2 / np.cos(np.radians(latitude))
    return float(latitude), float(longitude)


def draw_snr(rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(BEST_SNR))))


def add_motions(
    made: MadeNetwork,
    motions: dict[int, np.ndarray],
    begins_s: dict[int, float],
    snr: float,
    largest: float = np.inf,
) -> float:
    """Add motions times the factor that gives the best station this SNR over 120 s; gives that SNR."""
    count = round(120 * RATE_HZ)
    best = 0.0
    for station, motion in motions.items():
        live = np.isfinite(made.noise[station]).all(axis=1)
        energy = band_rms(motion[live], RATE_HZ) ** 2 * motion.shape[1]
        best = max(best, np.sqrt(energy / count) / NOISE_M_S)
    factor = min(snr / best, largest)
    for station, motion in motions.items():
        made.add(station, round(begins_s[station] * RATE_HZ), np.float32(factor) * motion)
    return float(factor * best)


def model_times(model: str, network: Network) -> dict[str, StationTravelTimes]:
    """P and S times of a model to a network, down to the deepest composed earthquake."""
    read_model, depths = read_velocity_model(model), np.arange(0.0, 122.0, 2.0)
    return {phase: station_travel_times(read_model, network, depths, 400.0, phase) for phase in "PS"}
