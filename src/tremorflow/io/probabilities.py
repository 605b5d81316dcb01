"""Probabilities in files: a table for people (CSV), arrays for the chain (.npz)."""

import contextlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tremorflow.errors import DataError
from tremorflow.records import (
    CLASSES,
    PROBABILITY_COLUMNS,
    Network,
    Probabilities,
    Station,
    timedelta,
)
from tremorflow.whole_files import whole_file

DECIMALS = 4  # of probabilities in the table: calibration is not good to more
_STATION_FIELDS = ("latitude", "longitude", "elevation_m", "site_amplification", "s_delay_s")


def probability_table(probabilities: Probabilities) -> pd.DataFrame:
    """One row per station and window that has any recording, with ``PROBABILITY_COLUMNS``."""
    rows, windows = np.nonzero(probabilities.completeness > 0)
    stations = probabilities.network.stations
    starts = probabilities.start_times[windows].astype("datetime64[ns]")
    values = probabilities.values[rows, :, windows].astype(np.float64).round(DECIMALS)
    return pd.DataFrame(
        {
            "network": pd.array([stations[row].network for row in rows], dtype="string"),
            "station": pd.array([stations[row].station for row in rows], dtype="string"),
            "location": pd.array([probabilities.instruments[row][0] for row in rows], dtype="string"),
            "band": pd.array([probabilities.instruments[row][1] for row in rows], dtype="string"),
            "start_time": starts,
            "end_time": starts + timedelta(probabilities.window_s),
            **{f"p_{name}": values[:, k] for k, name in enumerate(CLASSES)},
            "completeness": probabilities.completeness[rows, windows].astype(np.float64).round(DECIMALS),
        },
        columns=list(PROBABILITY_COLUMNS),
    )


def write_probability_table(path: str | Path, probabilities: Probabilities) -> None:
    """Write the table as CSV, station by station, times in ISO 8601 with Z, through a temporary name.

    Raises
    ------
    DataError
        The file cannot be written.
    """
    with replacing(Path(path)) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        for row in range(len(probabilities.network)):
            table = probability_table(_of_station(probabilities, row))
            with_iso_times(table).to_csv(file, index=False, header=row == 0, lineterminator="\n")


def groups_text(groups: pd.DataFrame) -> str:
    """Table of groups as CSV, times in ISO 8601 with Z."""
    decimals = {"latitude": 4, "longitude": 4, "p_highest": 4, "gain": 2}
    return str(with_iso_times(groups).round(decimals).to_csv(index=False, lineterminator="\n"))


def with_iso_times(table: pd.DataFrame) -> pd.DataFrame:
    """Table of windows with their times as text, ISO 8601 with Z."""
    names = ("start_time", "end_time")
    return table.assign(**{name: table[name].dt.strftime("%Y-%m-%dT%H:%M:%SZ") for name in names})


def _of_station(probabilities: Probabilities, row: int) -> Probabilities:
    return replace(
        probabilities,
        network=probabilities.network.subset([row]),
        values=probabilities.values[row : row + 1],
        completeness=probabilities.completeness[row : row + 1],
        instruments=probabilities.instruments[row : row + 1],
    )


def write_probabilities(path: str | Path, probabilities: Probabilities) -> None:
    """Write everything as arrays (.npz), as the chain reads it; ``DataError`` if that fails."""
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **probability_arrays(probabilities))
    with replacing(Path(path)) as partial:
        partial.write_bytes(content.getvalue())


def probability_arrays(probabilities: Probabilities) -> dict[str, Any]:
    """Everything as arrays by name, as a file holds them."""
    stations = probabilities.network.stations
    return {
        "values": probabilities.values,
        "completeness": probabilities.completeness,
        "start_times": probabilities.start_times.astype("datetime64[ns]").astype(np.int64),
        "window_s": probabilities.window_s,
        "instruments": np.array(probabilities.instruments, dtype=str).reshape(len(stations), 2),
        "weights": probabilities.weights,
        "threshold": probabilities.threshold,
        "names": np.array([(one.network, one.station) for one in stations], dtype=str).reshape(-1, 2),
        "places": np.array(
            [[getattr(one, name) for name in _STATION_FIELDS] for one in stations], dtype=np.float64
        ),
    }


def probabilities_from(stored: Mapping[str, Any]) -> Probabilities:
    """Probabilities of the arrays that ``probability_arrays`` gives."""
    stations = [
        Station(str(network), str(station), latitude, longitude, elevation_m, amplification, delay_s)
        for (network, station), (latitude, longitude, elevation_m, amplification, delay_s) in zip(
            stored["names"], stored["places"].tolist(), strict=True
        )
    ]
    return Probabilities(
        network=Network(tuple(stations)),
        values=stored["values"],
        completeness=stored["completeness"],
        start_times=stored["start_times"].astype("datetime64[ns]"),
        window_s=float(stored["window_s"]),
        instruments=tuple((str(location), str(band)) for location, band in stored["instruments"]),
        weights=str(stored["weights"]),
        threshold=float(stored["threshold"]),
    )


def read_probabilities(path: str | Path) -> Probabilities:
    """Probabilities that ``write_probabilities`` wrote.

    Raises
    ------
    DataError
        No such file, or one that is damaged or something else.
    """
    try:
        content = io.BytesIO(Path(path).read_bytes())  # a damaged file would stay open otherwise
        with np.load(content, allow_pickle=False) as stored:
            return probabilities_from(stored)
    except (OSError, KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path} does not hold probabilities that can be read ({error}); run `tremorflow classify` again"
        ) from error


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Temporary name beside a file, which takes its place when all is written; else ``DataError``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial:
            yield partial
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}; choose another place") from error
