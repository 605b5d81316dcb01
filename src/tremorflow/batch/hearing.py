"""How the stations of a run hear: learnt from its signals, and kept in a table beside its catalogue."""

from pathlib import Path

import numpy as np
import pandas as pd

from tremorflow.analysis import energy_in_band
from tremorflow.associate import Hearing, learn_hearing
from tremorflow.batch.noise import HOUR, sample_noise
from tremorflow.batch.sources import SignalSource
from tremorflow.catalog.files import write_text
from tremorflow.energy import typical_noise
from tremorflow.errors import DataError
from tremorflow.records import FloatArray, Network
from tremorflow.settings import Settings

HEARING_FILE = "hearing.csv"
MOST_HOURS = 240  # spread over the span, of which the noise is measured: their median is good to 1 %
COLUMNS = ("sensitivity", "silent", "spread")


def hearing_of(source: SignalSource, settings: Settings) -> Hearing:
    """Hearing of the stations of a source whose signals are made: of its noise where site terms are known."""
    return learn_hearing(source.probabilities(), settings.association, noise_of(source, settings))


def noise_of(source: SignalSource, settings: Settings) -> FloatArray | None:
    """Noise (station,) of a source, m/s; None if it is not in m/s, or if there is no site term to go with it.

    That of up to ``MOST_HOURS`` hours spread over the span, the middle one.
    """
    if not source.network.has_site_terms.any():
        return None
    first, last = source.span
    count = max(int(np.ceil((last - first) / HOUR)), 1)
    energy = energy_in_band(settings.energy, settings.preprocess)
    hours = sample_noise(source, count, MOST_HOURS, energy) or []
    measured = [noise for _, noise in hours if noise is not None]
    return typical_noise(measured) if measured else None


def write_hearing(folder: Path, network: Network, hearing: Hearing) -> None:
    """Write ``hearing.csv`` into the folder of a run."""
    codes = [code.split(".", 1) for code in network.codes]
    table = pd.DataFrame(codes, columns=["network", "station"])
    table = table.assign(**{name: getattr(hearing, name) for name in COLUMNS})
    write_text(folder / HEARING_FILE, table.to_csv(index=False))


def read_hearing(folder: Path, network: Network) -> Hearing:
    """Hearing that a run wrote, of its stations in order.

    Raises
    ------
    DataError
        The table is missing, damaged, or of other stations.
    """
    path = folder / HEARING_FILE
    try:
        table = pd.read_csv(path, dtype={"network": str, "station": str}, keep_default_na=False)
        codes = tuple(table["network"] + "." + table["station"])
        values = [table[name].to_numpy(dtype=np.float64) for name in COLUMNS]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} cannot be read ({error}); run again into {folder}") from error
    if codes != network.codes:
        raise DataError(f"{path} is of other stations than the run; run again into {folder}")
    return Hearing(*values)
