"""Stations and channels to StationXML, and sensor orientations to the table that is read back."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tremorflow.errors import DataError
from tremorflow.io.obspy_formats import load_obspy
from tremorflow.io.orientation import Orientation
from tremorflow.records import Channel, Network, Station
from tremorflow.whole_files import whole_file

SENSITIVITY_HZ = 5.0  # where it is stated to hold; in the middle of the tremor band


def write_stationxml(
    path: str | Path,
    network: Network,
    channels: Iterable[Channel],
    sampling_rate_hz: float,
    created: np.datetime64,
) -> None:
    """Write stations and their channels as StationXML 1.x with sensitivities, whole or not at all.

    Parameters
    ----------
    path
        File.
    network
        Stations; their elevation is that of the sensor (depth below it 0).
    channels
        Of these stations, with the sensitivity in counts per m/s; NaN azimuths and dips are left out.
    sampling_rate_hz
        Of all channels.
    created
        Stands in the file as its time of making.

    Raises
    ------
    DataError
        The file cannot be written, or a channel belongs to no station.
    """
    obspy = load_obspy()
    from obspy.core import inventory as parts

    of_station: dict[str, list[Any]] = defaultdict(list)
    codes = set(network.codes)
    for channel in channels:
        code = f"{channel.network}.{channel.station}"
        if code not in codes:
            raise DataError(
                f"channel {channel.code} has no station in the station table; add a row for {code}"
            )
        of_station[code].append(_channel(parts, channel, network.find(code), sampling_rate_hz))
    networks: dict[str, list[Any]] = defaultdict(list)
    for station in network.stations:
        place = (station.latitude, station.longitude, station.elevation_m)
        site = parts.Site(name=station.station)
        entry = parts.Station(station.station, *place, channels=of_station[station.code], site=site)
        networks[station.network].append(entry)
    moment = obspy.UTCDateTime(ns=int(created.astype("datetime64[ns]").astype(np.int64)))
    inventory = parts.Inventory(
        [parts.Network(code, stations=found) for code, found in networks.items()],
        source="tremorflow",
        created=moment,
    )
    _replace(Path(path), lambda partial: inventory.write(str(partial), format="STATIONXML"))


def write_orientations(path: str | Path, orientations: Mapping[str, Orientation]) -> None:
    """Write rotation matrices by station as the table that ``read_orientations`` reads, to the last bit.

    Raises
    ------
    DataError
        The file cannot be written.
    """
    lines = ["Station name," + ",".join(f"R{i}{j}" for i in (1, 2, 3) for j in (1, 2, 3))]
    for code, orientation in orientations.items():
        lines.append(",".join([code, *(repr(float(value)) for value in orientation.matrix.ravel())]))
    text = "\n".join(lines) + "\n"
    _replace(Path(path), lambda partial: partial.write_text(text, encoding="utf-8"))


def _channel(parts: Any, channel: Channel, station: Station, rate_hz: float) -> Any:
    """ObsPy's channel with one overall sensitivity."""
    sensitivity = parts.response.InstrumentSensitivity(
        channel.sensitivity, SENSITIVITY_HZ, input_units=channel.unit.upper(), output_units="COUNTS"
    )
    return parts.Channel(
        channel.channel,
        channel.location,
        station.latitude,
        station.longitude,
        station.elevation_m,
        0.0,
        azimuth=None if math.isnan(channel.azimuth_deg) else channel.azimuth_deg,
        dip=None if math.isnan(channel.dip_deg) else channel.dip_deg,
        sample_rate=rate_hz,
        response=parts.Response(instrument_sensitivity=sensitivity),
    )


def _replace(path: Path, write: Any) -> None:
    """Let ``write`` fill a temporary file, then give it its name."""
    try:
        with whole_file(path) as partial:
            write(partial)
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror}); choose another folder") from error
