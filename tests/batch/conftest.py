"""A small archive of simulated recordings of one burst of tremor, in two formats."""

from pathlib import Path

import numpy as np
import pytest
from archives import SimulatedArchive, with_settings
from scipy.signal import butter, sosfilt

from tremorflow.batch.run import run_settings_file
from tremorflow.batch.simulate import OutputSettings, write_simulation
from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.io.channel_table import ChannelRow, ChannelTable, write_channel_table
from tremorflow.io.stations import write_stations_csv
from tremorflow.io.win32 import write_win32
from tremorflow.records import Network, Segment, Station, timedelta, utc
from tremorflow.simulate.scenario import read_scenario
from tremorflow.traveltime import read_velocity_model, station_travel_times

RATE_HZ = 50.0
START = utc("2024-03-01T00:00:00Z")
LENGTH_S = 900.0
BURST_S = (400.0, 460.0)  # at the source
COUNTS_PER_M_S = 1e9
NOISE_M_S = 1e-7


def simulate_segments(network: Network, s_times_s: np.ndarray, distances: np.ndarray) -> list[Segment]:
    """Two horizontals and a vertical of each station: 2-8 Hz noise whose power swells with the S wave."""
    rng = np.random.default_rng(20240301)
    times = np.arange(round(LENGTH_S * RATE_HZ)) / RATE_HZ
    pulses = rng.uniform(*BURST_S, 15)
    sizes = rng.exponential(1.0, 15)
    sos = butter(4, (2.0, 8.0), "bandpass", fs=RATE_HZ, output="sos")
    segments = []
    for station, s_time, distance in zip(network.stations, s_times_s, distances, strict=True):
        late = times[:, None] - pulses - s_time
        power = (np.where(late > 0, np.exp(-np.maximum(late, 0) / 2.0), 0.0) * sizes).sum(axis=1)
        amplitude = 10 * 30.0 / distance
        for channel in ("HHE", "HHN", "HHZ"):
            noise = sosfilt(sos, rng.standard_normal(len(times)))
            scale = NOISE_M_S * np.sqrt(1 + (0.1 if channel == "HHZ" else 1.0) * amplitude**2 * power)
            counts = np.round(noise * scale * COUNTS_PER_M_S).astype(np.int32)
            segments.append(Segment(station.network, station.station, "", channel, START, RATE_HZ, counts))
    return segments


@pytest.fixture(scope="session")
def tremor_source() -> tuple[Network, list[Segment], float, float, float]:
    frame = LocalFrame(38.0, 142.0)
    rng = np.random.default_rng(3)
    stations = []
    for k in range(12):
        angle, radius = 2 * np.pi * k / 12, rng.uniform(10, 60)
        latitude, longitude = frame.to_degrees(radius * np.cos(angle), radius * np.sin(angle))
        stations.append(Station("N", f"T{k:02d}", float(latitude), float(longitude), 100.0 * k - 500.0))
    network = Network(tuple(stations))
    latitude, longitude, depth = 38.1, 142.1, 20.0
    model = read_velocity_model("jma2001")
    s_times = station_travel_times(model, network, np.arange(0, 61.0, 1.0), 300.0).times(
        latitude, longitude, depth
    )
    epicentral = distances_km(latitude, longitude, network.latitudes, network.longitudes)
    segments = simulate_segments(network, s_times, np.hypot(epicentral, depth))
    return network, segments, latitude, longitude, depth


@pytest.fixture(scope="session")
def sds_archive(
    tmp_path_factory: pytest.TempPathFactory,
    tremor_source: tuple[Network, list[Segment], float, float, float],
) -> SimulatedArchive:
    from obspy import Trace, UTCDateTime

    network, segments, *place = tremor_source
    folder = tmp_path_factory.mktemp("sds")
    for segment in segments:
        where = folder / "2024" / segment.network / segment.station / f"{segment.channel}.D"
        where.mkdir(parents=True)
        header = {
            "network": segment.network,
            "station": segment.station,
            "channel": segment.channel,
            "sampling_rate": segment.sampling_rate_hz,
            "starttime": UTCDateTime(str(segment.start_time)),
        }
        name = f"{segment.network}.{segment.station}..{segment.channel}.D.2024.061"
        Trace(segment.samples, header).write(str(where / name), format="MSEED", encoding="STEIM2")
    write_stations_csv(folder / "stations.csv", network)
    return SimulatedArchive(folder, network, *place)


@pytest.fixture(scope="session")
def win32_archive(
    tmp_path_factory: pytest.TempPathFactory,
    tremor_source: tuple[Network, list[Segment], float, float, float],
) -> SimulatedArchive:
    network, segments, *place = tremor_source
    folder = tmp_path_factory.mktemp("win32")
    rows = []
    renamed = []
    for number, segment in enumerate(segments):
        station = network.find(f"{segment.network}.{segment.station}")
        component = {"E": "E", "N": "N", "Z": "U"}[segment.channel[-1]]
        row = ChannelRow(
            0x1000 + number,
            1,
            0,
            f"N.{segment.station}",
            component,
            sensor_sensitivity=COUNTS_PER_M_S,
            unit="m/s",
            preamplification_db=0.0,
            volts_per_count=1.0,
            latitude=station.latitude,
            longitude=station.longitude,
            elevation_m=station.elevation_m,
        )
        rows.append(row)
        renamed.append(Segment("N", segment.station, "", component, START, RATE_HZ, segment.samples))
    table = ChannelTable(tuple(rows))
    write_channel_table(folder / "channels.ch", table)
    minute = round(60 * RATE_HZ)
    for k in range(round(LENGTH_S / 60)):
        parts = [
            Segment(s.network, s.station, "", s.channel, START + timedelta(60.0 * k), RATE_HZ, part)
            for s in renamed
            for part in [s.samples[k * minute : (k + 1) * minute]]
        ]
        write_win32(folder / f"202403010{900 + k:04d}.cnt", parts, table)
    return SimulatedArchive(folder, network, *place)


@pytest.fixture(scope="session")
def snet_half_hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of half an hour of a simulated S-net of 30 stations, in which two tremors sound at once."""
    where = tmp_path_factory.mktemp("snet") / "recordings"
    scenario = read_scenario("snet-half-hour", sampling_rate_hz=25.0)
    write_simulation(scenario, where, OutputSettings(processes=2))
    return where


@pytest.fixture(scope="session")
def snet_run(snet_half_hour: Path) -> Path:
    """Folder of these recordings and settings, with a run in ``out``; more may be added, not changed."""
    where = with_settings(snet_half_hour.parent)
    run_settings_file(where / "config.toml", where / "out", processes=2)
    return where
