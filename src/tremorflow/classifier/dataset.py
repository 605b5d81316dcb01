"""Labelled windows in files: SeisBench's dataset format, a table and an HDF5 file in a folder.

``metadata.csv`` has a row per window, ``waveforms.hdf5`` the samples in buckets (window, component, time).
What is ours beside SeisBench's: the group ``background`` with the level of the time before each window, at
the frequencies of one kind of spectrogram, and NaN where a component or a stretch was not recorded.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.errors import DataError, MissingExtraError
from tremorflow.records import CLASSES
from tremorflow.spectrogram import SpectrogramSettings

METADATA, WAVEFORMS = "metadata.csv", "waveforms.hdf5"
COMPONENT_ORDER = "ENZ"
CATEGORIES = (*CLASSES, "both")
"""Of ``trace_category``; windows with tremor and earthquake are scored apart and never trained on."""

AS_RECORDED = "as recorded"
"""``trace_kind`` of noise windows of a continuous recording, nothing added: the threshold is set by them."""

SPLITS = ("train", "dev", "test")
BUCKET = 256  # windows that are written and read together, at least: 12 MB
PLACE = r"^(?P<bucket>[^$]+)(?:\$(?P<row>\d+))?"  # of a window in the file, as ``trace_name`` tells it

COLUMNS: dict[str, tuple[str, str]] = {
    "trace_name": ("string", "place of the samples in the file, SeisBench's way"),
    "trace_category": ("string", "noise, tremor, earthquake or both"),
    "split": ("string", "train, dev (calibration) or test"),
    "station_network_code": ("string", "network code"),
    "station_code": ("string", "station code"),
    "trace_start_time": ("string", "UTC, ISO 8601; empty for windows that were made"),
    "trace_sampling_rate_hz": ("float64", "Hz, the same for the whole set"),
    "trace_npts": ("Int64", "samples"),
    "trace_snr": ("float64", "signal over noise in 2-8 Hz (DEFINITIONS.md); NaN without signal"),
    "trace_kind": ("string", "what it is in particular: coda, t_phase, background ..."),
    "trace_origin": ("string", "where it is from: simulated, semi-real, or the recordings"),
    "trace_group": ("string", "what must not be in two splits: day, event, family"),
    "trace_unit": ("string", "unit of the samples, if it is not the same for the whole set"),
    "trace_context": ("float64", "share of the hour before that its background is from; 0: none"),
    "path_ep_distance_km": ("float64", "epicentral distance"),
    "source_magnitude": ("float64", "magnitude of the earthquake"),
}


@dataclass(frozen=True, slots=True)
class WindowBatch:
    """Windows as they are written and read: samples (window, 3, time), backgrounds (window, 3, frequency).

    Components are east, north, up; NaN where missing. ``background`` is NaN where it is not known. ``table``
    has a row per window with any of ``COLUMNS``.
    """

    samples: NDArray[np.float32]
    background: NDArray[np.float32]
    table: pd.DataFrame


class DatasetWriter:
    """Writes a dataset piece by piece; it appears under its names only when it is whole.

    Parameters
    ----------
    folder
        Made if missing. A dataset that is there is replaced when this one is closed.
    rate_hz
        Sampling rate of all windows.
    settings
        Of the spectrograms that the backgrounds belong to.
    unit
        Of the samples: "m/s" or "count"; None if it is not the same for all, and told in ``trace_unit``.
    """

    def __init__(
        self, folder: str | Path, rate_hz: float, settings: SpectrogramSettings, unit: str | None = "m/s"
    ) -> None:
        self._folder, self._rate_hz = Path(folder), rate_hz
        self._tables: list[pd.DataFrame] = []
        self._waiting: list[WindowBatch] = []
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = _h5py().File(self._partial(WAVEFORMS), "w")
        except OSError as error:
            raise DataError(
                f"cannot write a dataset into {folder} ({error}); choose another folder"
            ) from error
        layout = self._file.create_group("data_format")
        for name, value in _data_format(rate_hz, unit).items():
            layout[name] = value
        self._file.create_group("data")
        backgrounds = self._file.create_group("background")
        backgrounds.attrs["spectrogram"] = json.dumps(asdict(settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
                self._file.close()
                self._finish()
        finally:
            self._file.close()  # once more does nothing
            for name in (WAVEFORMS, METADATA):
                self._partial(name).unlink(missing_ok=True)

    def add(self, batch: WindowBatch) -> None:
        """Write some windows, at the latest on closing; all windows of a dataset have one length."""
        if len(batch.samples):
            self._waiting.append(batch)
        if sum(len(one.samples) for one in self._waiting) >= BUCKET:
            self._flush()

    def _flush(self) -> None:
        """Write what waits as one bucket."""
        if not self._waiting:
            return
        name = f"bucket{len(self._tables)}"
        samples, background = (
            np.concatenate([getattr(one, part) for one in self._waiting]).astype(np.float32, copy=False)
            for part in ("samples", "background")
        )
        try:
            self._file["data"].create_dataset(name, data=samples)
            self._file["background"].create_dataset(name, data=background)
        except OSError as error:
            raise DataError(
                f"{self._folder}: writing stopped ({error}); make room and start again"
            ) from error
        n_windows, _, n_samples = samples.shape
        places = [f"{name}${k},:3,:{n_samples}" for k in range(n_windows)]
        known = {"trace_name": places, "trace_sampling_rate_hz": self._rate_hz, "trace_npts": n_samples}
        table = pd.concat([one.table for one in self._waiting], ignore_index=True)
        self._tables.append(dataset_table(table.assign(**known)))
        self._waiting.clear()

    def _finish(self) -> None:
        table = pd.concat(self._tables, ignore_index=True) if self._tables else dataset_table(pd.DataFrame())
        try:
            table.to_csv(self._partial(METADATA), index=False)
            for name in (WAVEFORMS, METADATA):  # the table last: a folder that has one is whole
                self._partial(name).replace(self._folder / name)
        except OSError as error:
            raise DataError(
                f"{self._folder}: writing stopped ({error}); make room and start again"
            ) from error

    def _partial(self, name: str) -> Path:
        return self._folder / f"{name}.part"


class WindowDataset:
    """A dataset on disk; made by ``open_dataset``. ``table`` is its metadata, row by row as the windows."""

    def __init__(
        self, folder: Path, table: pd.DataFrame, rate_hz: float, settings: SpectrogramSettings | None
    ):
        self.folder, self.table, self.rate_hz, self.background_settings = folder, table, rate_hz, settings

    def __len__(self) -> int:
        return len(self.table)

    def batches(self, wanted: NDArray[np.bool_] | None = None) -> Iterator[WindowBatch]:
        """Windows bucket by bucket, all or those that are ``wanted`` (row of the table,).

        Raises
        ------
        DataError
            Windows that the table names and the file does not hold.
        """
        places = self.table["trace_name"].str.extract(PLACE)
        wanted = np.ones(len(self), dtype=np.bool_) if wanted is None else wanted
        with _h5py().File(self.folder / WAVEFORMS, "r") as file:
            order = _component_order(self.folder, file)
            for bucket, rows in places[wanted].groupby("bucket", sort=False):
                inside = rows["row"].fillna("0").astype(int).to_numpy()
                try:
                    stored = file["data"][bucket][()]
                    samples = (stored if stored.ndim == 3 else stored[None])[inside][:, order]
                    background = np.full((len(inside), 3, 0), np.nan, dtype=np.float32)
                    if "background" in file and bucket in file["background"]:
                        background = file["background"][bucket][()][inside]
                except (OSError, KeyError, IndexError) as error:
                    raise DataError(
                        f"{self.folder}: the windows {bucket} cannot be read ({error}); make the set again"
                    ) from error
                table = self.table.loc[rows.index].reset_index(drop=True)
                yield WindowBatch(samples.astype(np.float32), background, table)


def open_dataset(folder: str | Path) -> WindowDataset:
    """Dataset in a folder.

    Raises
    ------
    DataError
        No dataset there, one that cannot be read, windows of different rates or lengths, or a category or
        split that is none.
    """
    folder = Path(folder)
    for name in (METADATA, WAVEFORMS):
        if not (folder / name).is_file():
            raise DataError(f"{folder} has no {name}; give the folder of a dataset (`tremorflow dataset`)")
    text = {name: "string" for name, (dtype, _) in COLUMNS.items() if dtype == "string"}
    try:
        table = pd.read_csv(folder / METADATA, dtype=text, keep_default_na=False, na_values=[""])
        with _h5py().File(folder / WAVEFORMS, "r") as file:
            stored = file["background"].attrs.get("spectrogram") if "background" in file else None
            layout = file.get("data_format", {})
            rate = float(layout["sampling_rate"][()]) if "sampling_rate" in layout else np.nan
        table = dataset_table(table)
        settings = SpectrogramSettings(**json.loads(stored)) if stored else None
    except (OSError, ValueError, KeyError, TypeError, pd.errors.ParserError) as error:
        raise DataError(f"{folder} is no dataset that can be read: {error}; make it again") from error
    _check_table(folder, table)
    rates = table["trace_sampling_rate_hz"].dropna().unique()
    if len(rates) > 1 or table["trace_npts"].dropna().nunique() > 1:
        raise DataError(f"{folder}: windows of different sampling rates or lengths; bring them to one")
    rate = float(rates[0]) if len(rates) else rate
    if not rate > 0:
        raise DataError(f"{folder}: no sampling rate; {METADATA} needs trace_sampling_rate_hz")
    return WindowDataset(folder, table, rate, settings)


def dataset_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Table with all of ``COLUMNS`` in their types, and whatever other columns there are after them."""
    table = rows.reset_index(drop=True).copy()
    for name, (dtype, _) in COLUMNS.items():
        kind: Any = dtype
        column = table[name] if name in table else pd.Series(pd.NA, index=table.index)
        table[name] = (pd.to_numeric(column) if dtype == "float64" else column).astype(kind)
    return table[[*COLUMNS, *(name for name in table.columns if name not in COLUMNS)]]


def _check_table(folder: Path, table: pd.DataFrame) -> None:
    """Refuse a table with categories or splits that nothing here knows."""
    for name, known in (("trace_category", CATEGORIES), ("split", SPLITS)):
        found = set(table[name].fillna("").unique())
        if not found <= set(known):
            raise DataError(
                f"{folder}: {name} has {sorted(found - set(known))}, and must be one of {', '.join(known)}"
            )
    unnamed = int((~table["trace_name"].fillna("").str.match(PLACE)).sum())
    if unnamed:
        raise DataError(f"{folder}: {unnamed} windows have no trace_name; make the dataset again")


def _data_format(rate_hz: float, unit: str | None) -> dict[str, Any]:
    """SeisBench's words for what the samples are; of the dimensions it wants those of one window."""
    units = {
        "m/s": {"unit": "mps", "instrument_response": "gain-corrected"},
        "count": {"unit": "counts", "instrument_response": "not restituted"},
    }
    layout = {"dimension_order": "CW", "component_order": COMPONENT_ORDER, "measurement": "velocity"}
    return layout | units.get(unit or "", {}) | {"sampling_rate": rate_hz}


def _component_order(folder: Path, file: Any) -> list[int]:
    """Places of east, north and up among the components of a file; 1 and 2 stand for north and east."""
    layout = file.get("data_format", {})
    value = layout["component_order"][()] if "component_order" in layout else COMPONENT_ORDER
    order = value.decode() if isinstance(value, bytes) else str(value)
    named = order.translate(str.maketrans("12", "NE"))
    if sorted(named) != sorted(COMPONENT_ORDER):
        raise DataError(f"{folder}: component_order is {order!r}, and must be of Z, N and E, or Z, 1 and 2")
    return [named.index(name) for name in COMPONENT_ORDER]


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError("h5py", "train") from error
    return h5py
