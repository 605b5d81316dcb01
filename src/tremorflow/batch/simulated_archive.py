"""Recordings of a simulated network as archives: SDS trees of miniSEED, or minutes of WIN32.

What is cut where: an SDS file is one channel and day, a task one station and day; a WIN32 file is one minute
of all channels, a task one tile of ten minutes. Either way no more than a tile is in memory at a time.

What clips is known once it is recorded. Each task leaves it in a hidden file of the archive before its files
get their names, none if nothing clips: so whatever is finished has told, also after a stop.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tremorflow.errors import DataError, SettingsError
from tremorflow.io.channel_table import ChannelRow, ChannelTable
from tremorflow.io.miniseed_write import MiniseedSettings, MiniseedWriter, choose_version
from tremorflow.io.orientation import Orientation
from tremorflow.io.win32 import Win32Settings, write_win32
from tremorflow.io.win32_blocks import MAX_SAMPLES
from tremorflow.preprocess.filters import unbroken_runs
from tremorflow.records import NANOSECONDS, Channel, Segment, timedelta
from tremorflow.simulate.instrument import CLIPPING_GAP_S, Recorded
from tremorflow.simulate.scene import SampleGrid

if TYPE_CHECKING:
    from tremorflow.simulate.synthesis import Simulation

DAY_NS = 86400 * NANOSECONDS
MINUTE_S = 60
FIRST_NUMBER = 0x1000  # of the channels in a WIN32 table; below lie those of Hi-net's oldest recorders
SENSOR_BITS = 24.0
WIN32_NAMES = {"E": "E", "N": "N", "Z": "U"}
ENZ_DIRECTIONS = {"E": (90.0, 0.0), "N": (0.0, 0.0), "Z": (0.0, -90.0)}  # azimuth and dip in degrees
UNKNOWN_DIRECTION = (float("nan"), float("nan"))


class Day(NamedTuple):
    """Samples ``first`` up to ``last`` of a scenario, which are those of one day (UTC)."""

    date: np.datetime64
    first: int
    last: int


class Cut(NamedTuple):
    """Samples ``first`` up to ``last`` of a tile."""

    tile: int
    first: int
    last: int


class ClippedSpan(NamedTuple):
    """Time (ns since 1970) in which a component of a station (its number) is at the recorder's limit."""

    station: int
    start_ns: int
    end_ns: int


def count_samples(grid: SampleGrid) -> int:
    """Count the samples of a scenario: those before its end."""
    return int(np.ceil(grid.duration_s * grid.rate_hz - 1e-6))


def sample_time(grid: SampleGrid, number: int) -> np.datetime64:
    """Time of a sample, counted from the start of the scenario."""
    return grid.start_time + np.timedelta64(round(number / grid.rate_hz * NANOSECONDS), "ns")


def cut_tiles(grid: SampleGrid, first: int, last: int) -> Iterator[Cut]:
    """Tiles that hold the samples ``first`` up to ``last`` of a scenario, and which of theirs these are."""
    size = grid.tile_samples
    for tile in range(first // size, -(-last // size)):
        yield Cut(tile, max(first - tile * size, 0), min(last - tile * size, size))


def list_days(grid: SampleGrid) -> list[Day]:
    """Days (UTC) that a scenario has samples in."""
    start_ns, n_samples = int(grid.start_time.astype("datetime64[ns]").astype(np.int64)), count_samples(grid)
    days, first = [], 0
    while first < n_samples:
        day = (start_ns + round(first / grid.rate_hz * NANOSECONDS)) // DAY_NS
        left_s = ((day + 1) * DAY_NS - start_ns) / NANOSECONDS
        last = min(int(np.ceil(left_s * grid.rate_hz - 1e-6)), n_samples)
        last = max(last, first + 1)  # a start within nanoseconds of midnight: its sample is of that day
        days.append(Day(np.datetime64(day, "D"), first, last))
        first = last
    return days


def list_channels(simulation: "Simulation") -> tuple[Channel, ...]:
    """Channels of all stations, three each, as an SDS archive names them: HH at 80 Hz or more, below BH."""
    family = "HH" if simulation.grid.rate_hz >= 80 else "BH"
    sensitivity = float(simulation.instrument.settings.sensitivity)
    channels = []
    for number, station in enumerate(simulation.network.stations):
        components = simulation.instrument.components(number)
        known = ENZ_DIRECTIONS if set(components) == set("ENZ") else {}
        for name in components:
            azimuth, dip = known.get(name, UNKNOWN_DIRECTION)
            codes = (station.network, station.station, "", family + name)
            channels.append(Channel(*codes, name, sensitivity, "m/s", azimuth, dip))
    return tuple(channels)


def list_orientations(simulation: "Simulation") -> dict[str, Orientation]:
    """Nominal orientations of the stations that do not record along east, north and up."""
    found = {}
    for number, code in enumerate(simulation.network.codes):
        components = simulation.instrument.components(number)
        if set(components) != set("ENZ"):
            matrix = np.asarray(simulation.instrument.nominal_rotation(number), dtype=np.float64)
            found[code] = Orientation(components, matrix)
    return found


def make_channel_table(simulation: "Simulation") -> ChannelTable:
    """WIN32 channel table of all channels."""
    rows = []
    for number, channel in enumerate(list_channels(simulation)):
        station = simulation.network.stations[number // 3]
        row = ChannelRow(
            FIRST_NUMBER + number,
            1,
            0,
            f"{station.network}.{station.station}".removeprefix("."),
            WIN32_NAMES[channel.component] if np.isfinite(channel.dip_deg) else channel.component,
            adc_bits=SENSOR_BITS,
            sensor_sensitivity=channel.sensitivity,
            unit="m/s",
            preamplification_db=0.0,
            volts_per_count=1.0,
            latitude=station.latitude,
            longitude=station.longitude,
            elevation_m=station.elevation_m,
            name="simulated",
        )
        rows.append(row)
    return ChannelTable(tuple(rows))


def check_sds(simulation: "Simulation") -> None:
    """Raise ``DataError`` for codes that miniSEED cannot hold."""
    for channel in list_channels(simulation):
        choose_version(channel.network, channel.station, channel.location, channel.channel)


def check_win32(simulation: "Simulation") -> None:
    """Raise ``SettingsError`` for a sampling rate or start that WIN32 cannot hold."""
    rate_hz, start = simulation.grid.rate_hz, simulation.grid.start_time
    if rate_hz != int(rate_hz) or rate_hz > MAX_SAMPLES:
        raise SettingsError(
            f"sampling_rate_hz = {rate_hz}: WIN32 holds whole numbers of Hz; choose one, or format = sds"
        )
    if int(start.astype("datetime64[ns]").astype(np.int64)) % (MINUTE_S * NANOSECONDS):
        raise SettingsError(
            f"start = {start}: a WIN32 file is a minute of the clock; start on a whole minute, as "
            f"{start.astype('datetime64[m]')}Z, or choose format = sds"
        )
    if 3 * len(simulation.network) > 0xFFFF - FIRST_NUMBER:
        raise SettingsError(
            f"{len(simulation.network)} stations have more channels than WIN32 has numbers; choose sds"
        )


def sds_path(root: Path, channel: Channel, day: np.datetime64) -> Path:
    """Place of a day of a channel in an SDS tree."""
    year = str(day.astype("datetime64[Y]"))
    number = int((day - day.astype("datetime64[Y]").astype("datetime64[D]")) / np.timedelta64(1, "D")) + 1
    name = f"{channel.code}.D.{year}.{number:03d}"
    return root / year / channel.network / channel.station / f"{channel.channel}.D" / name


def write_station_day(
    simulation: "Simulation",
    station: int,
    day: Day,
    root: Path,
    settings: MiniseedSettings,
) -> int:
    """Write the files of one station and day that are not there yet; gives their number of samples."""
    channels = list_channels(simulation)[3 * station : 3 * station + 3]
    paths = [sds_path(root, channel, day.date) for channel in channels]
    missing = [row for row, path in enumerate(paths) if not path.exists()]
    if not missing:
        return 0
    grid, written = simulation.grid, 0
    with ExitStack() as stack:
        writers, clipped = {}, list[ClippedSpan]()
        for row in missing:
            channel = channels[row]
            codes = (channel.network, channel.station, channel.location, channel.channel)
            writers[row] = stack.enter_context(MiniseedWriter(paths[row], codes, grid.rate_hz, settings))
        for cut in cut_tiles(grid, day.first, day.last):
            recorded = simulation.record(station, cut.tile)
            clipped += find_clipping(simulation, recorded, station, cut)
            for row, writer in writers.items():
                for begin, end in unbroken_runs(recorded.present[row, cut.first : cut.last]) + cut.first:
                    time = sample_time(grid, cut.tile * grid.tile_samples + int(begin))
                    writer.append(time, recorded.counts[row, begin:end])
                    written += int(end - begin)
        write_clipping(root, f"{simulation.network.codes[station]}.{day.date}", clipped)
    return written


def win32_path(root: Path, time: np.datetime64) -> Path:
    """Place of a minute: a folder a day, named by Japan Standard Time as NIED's are."""
    local = time + timedelta(Win32Settings().utc_offset_h * 3600)
    digits = np.datetime_as_string(local, unit="m").translate(str.maketrans("", "", "-T:"))
    return root / digits[:8] / f"{digits}0101VM.cnt"


def write_minutes(simulation: "Simulation", tile: int, root: Path, table: ChannelTable) -> int:
    """Write the minutes of one tile that are not there yet; gives their number of samples.

    WIN32 holds whole seconds: a second of which a sample is missing is left out, as is what is left of one at
    the end of the scenario.
    """
    grid = simulation.grid
    rate = round(grid.rate_hz)
    whole = count_samples(grid) // rate * rate
    size = MINUTE_S * rate
    beyond = min(grid.tile_samples, whole - tile * grid.tile_samples)
    minutes = {}
    for first in range(0, beyond, size):
        path = win32_path(root, sample_time(grid, tile * grid.tile_samples + first))
        if not path.exists():
            minutes[path] = slice(first, min(first + size, beyond))
    if not minutes:
        return 0
    recorded = [simulation.record(station, tile) for station in range(len(simulation.network))]
    clipped = [
        span
        for station, one in enumerate(recorded)
        for span in find_clipping(simulation, one, station, Cut(tile, 0, beyond))
    ]
    write_clipping(root, f"{tile:06d}", clipped)
    written = 0
    for path, span in minutes.items():
        start = sample_time(grid, tile * grid.tile_samples + span.start)
        segments = [
            part
            for number, row in enumerate(table.rows)
            for part in _whole_seconds(recorded[number // 3], number % 3, span, row, (start, rate))
        ]
        if not segments:
            continue
        _make_folder(path.parent)
        write_win32(path, segments, table)
        written += sum(len(segment.samples) for segment in segments)
    return written


def find_clipping(simulation: "Simulation", recorded: Recorded, station: int, cut: Cut) -> list[ClippedSpan]:
    """Spans of the cut of a recorded tile in which a component is at its limit."""
    inside = np.zeros_like(recorded.counts)
    inside[:, cut.first : cut.last] = recorded.counts[:, cut.first : cut.last]
    rows = simulation.instrument.clipping_rows(Recorded(inside, recorded.present), station, cut.tile)
    return [
        ClippedSpan(station, *(int(row[key].astype(np.int64)) for key in ("start_time", "end_time")))
        for row in rows
    ]


def write_clipping(root: Path, task: str, spans: list[ClippedSpan]) -> None:
    """Write what clipped in a task into a hidden file of the archive, through a temporary name."""
    if not spans:
        return
    _make_folder(root)
    path = root / f".{task}.clipping.json"
    partial = path.with_name(f"{path.name}.part")
    try:
        partial.write_text(json.dumps(spans) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({error.strerror}); make room or choose another folder"
        ) from error


def read_clipping(simulation: "Simulation", root: Path) -> list[dict[str, Any]]:
    """Rows of the nuisance table: all that clipped, by station and time, across joints of tiles.

    Raises
    ------
    DataError
        A file that a task left cannot be read.
    """
    spans = []
    for path in root.glob(".*.clipping.json"):
        try:
            spans += [ClippedSpan(*span) for span in json.loads(path.read_text(encoding="utf-8"))]
        except (OSError, TypeError, ValueError) as error:
            raise DataError(
                f"{path} cannot be read ({error}); remove the folder and simulate again"
            ) from error
    # The gap between spans is one sample less than that between the clipped samples; half for rounding.
    gap_ns = (CLIPPING_GAP_S - 0.5 / simulation.grid.rate_hz) * NANOSECONDS
    joined: list[ClippedSpan] = []
    for span in sorted(spans):
        before = joined[-1] if joined else None
        if before is not None and before.station == span.station and span.start_ns - before.end_ns < gap_ns:
            joined[-1] = before._replace(end_ns=span.end_ns)
        else:
            joined.append(span)
    return [
        {
            "kind": "clipping",
            "start_time": np.datetime64(span.start_ns, "ns"),
            "end_time": np.datetime64(span.end_ns, "ns"),
            "stations": simulation.network.codes[span.station],
        }
        for span in joined
    ]


def _whole_seconds(
    recorded: Recorded,
    row: int,
    span: slice,
    channel: ChannelRow,
    clock: tuple[np.datetime64, int],
) -> Iterator[Segment]:
    """Segments of unbroken whole seconds of one channel; ``clock`` is the start of the span and the rate."""
    start, rate = clock
    full = np.asarray(recorded.present[row, span].reshape(-1, rate).all(axis=1))
    counts = recorded.counts[row, span]
    network, station = channel.network_and_station
    for begin, end in unbroken_runs(full).tolist():
        time = start + timedelta(float(begin))
        samples = counts[begin * rate : end * rate]
        yield Segment(network, station, "", channel.component, time, float(rate), samples)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"folder {folder} cannot be made ({error.strerror}); choose another") from error
