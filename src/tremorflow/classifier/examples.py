"""What training reads: spectra, labels and backgrounds of windows, in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.classifier.dataset import CATEGORIES, WindowBatch, WindowDataset, dataset_table
from tremorflow.errors import DataError
from tremorflow.spectrogram import SpectrogramSettings, frames_of_window, window_log_power

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled spectra.

    ``log_power`` (window, component, frequency, time) and ``background`` (window, component, frequency) are
    float16, which resolves 0.016 decades of the power of motion in m/s, NaN where missing; more frames than
    a window has are for shifts: ``frames`` (window,) of them, in the middle, are of the window and its
    margins. ``context`` is (window,), ``labels`` (window,) are places in ``CLASSES`` (3: both), ``table`` the
    metadata.
    """

    log_power: NDArray[np.float16]
    background: NDArray[np.float16]
    context: NDArray[np.float32]
    labels: NDArray[np.int64]
    frames: NDArray[np.int64]
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.labels)

    def choose(self, mask: NDArray[np.bool_]) -> Self:
        """Take those where the mask (window,) is true."""
        rows = np.flatnonzero(mask)
        table = self.table.iloc[rows]
        return replace(
            self,
            log_power=self.log_power[rows],
            background=self.background[rows],
            context=self.context[rows],
            labels=self.labels[rows],
            frames=self.frames[rows],
            table=table.reset_index(drop=True),
        )

    def of_split(self, split: str) -> Self:
        """Those of one split."""
        return self.choose((self.table["split"] == split).to_numpy(dtype=np.bool_))


def load_examples(
    datasets: Sequence[WindowDataset],
    settings: SpectrogramSettings,
    splits: Sequence[str] = ("train", "dev"),
    progress: Progress | None = None,
) -> Examples:
    """Spectra of all windows of some splits.

    Parameters
    ----------
    datasets
        Of any sampling rate from 20 Hz on; the window must fit into theirs.
    settings
        Of the spectrograms. Backgrounds that were made with other frames or bands are left out.
    splits
        Which to load.
    progress
        Called with the number of windows done and in all.

    Raises
    ------
    DataError
        No window at all, or windows shorter than those of the settings.
    """
    total = sum(int(one.table["split"].isin(list(splits)).sum()) for one in datasets)
    parts: list[Examples] = []
    done = 0
    for dataset in datasets:
        for part in iterate_examples(dataset, settings, splits):
            parts.append(part)
            done += len(part)
            if progress is not None:
                progress(done, total)
    if not parts:
        names = ", ".join(str(dataset.folder) for dataset in datasets)
        raise DataError(f"{names}: no window of {' or '.join(splits)}; make a dataset with these splits")
    return join_examples(parts)


def join_examples(parts: Sequence[Examples]) -> Examples:
    """All examples together, each in the middle of as many frames as the longest has."""
    longest = max(part.log_power.shape[-1] for part in parts)
    return Examples(
        np.concatenate([_padded(part.log_power, longest) for part in parts]),
        np.concatenate([part.background for part in parts]),
        np.concatenate([part.context for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.frames for part in parts]),
        pd.concat([part.table for part in parts], ignore_index=True),
    )


def batch_examples(
    batch: WindowBatch, rate_hz: float, settings: SpectrogramSettings, *, with_background: bool = True
) -> Examples:
    """Spectra of some windows.

    Raises
    ------
    DataError
        Windows shorter than those of the settings.
    """
    log_power = window_log_power(batch.samples, rate_hz, settings)
    if log_power.shape[-1] < len(frames_of_window(settings)):
        raise DataError(
            f"windows of {batch.samples.shape[-1] / rate_hz:g} s are shorter than window_s = "
            f"{settings.window_s:g}; make them longer"
        )
    background = batch.background
    if not with_background:
        background = np.full((len(log_power), *log_power.shape[1:3]), np.nan, dtype=np.float32)
    table = dataset_table(batch.table)
    context = table["trace_context"].fillna(0.0).to_numpy(dtype=np.float32)
    labels = np.array([CATEGORIES.index(str(name)) for name in table["trace_category"]], dtype=np.int64)
    return Examples(
        log_power.astype(np.float16),
        background.astype(np.float16),
        np.where(np.isfinite(background).any(axis=(1, 2)), context, 0).astype(np.float32),
        labels,
        np.full(len(labels), log_power.shape[-1], dtype=np.int64),
        table,
    )


def iterate_examples(
    dataset: WindowDataset, settings: SpectrogramSettings, splits: Sequence[str]
) -> Iterator[Examples]:
    """Examples of some splits of a dataset, bucket by bucket; errors name its folder.

    Raises
    ------
    DataError
        As ``batch_examples``, and windows that cannot be read.
    """
    wanted = dataset.table["split"].isin(list(splits)).to_numpy(dtype=np.bool_)
    same = dataset.background_settings is not None and _same_bins(dataset.background_settings, settings)
    for batch in dataset.batches(wanted):
        try:
            yield batch_examples(batch, dataset.rate_hz, settings, with_background=same)
        except DataError as error:
            raise DataError(f"{dataset.folder}: {error}") from error


def _same_bins(one: SpectrogramSettings, other: SpectrogramSettings) -> bool:
    return one.frame_s == other.frame_s and one.band_hz == other.band_hz


def _padded(log_power: NDArray[np.float16], count: int) -> NDArray[np.float16]:
    """``count`` frames, NaN around those in the middle."""
    more = count - log_power.shape[-1]
    if not more:
        return log_power
    around = [(0, 0)] * 3 + [(more // 2, more - more // 2)]
    return np.pad(log_power, around, constant_values=np.nan)
