"""miniSEED files, piece by piece, whole or not at all; through libmseed.

Version 2, which everything reads; version 3 for codes that a header of version 2 has no room for, as that of
S-net's station N.S2N13A.
"""

from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

import numpy as np
import pymseed
from numpy.typing import NDArray

from tremorflow.errors import DataError
from tremorflow.options import option, settings_class
from tremorflow.records import NANOSECONDS

SHORT_CODES = (2, 5, 2, 3)  # network, station, location, channel in the header of version 2
LONG_CODES = (8, 8, 8, 3)  # in FDSN source identifiers, which version 3 holds


@settings_class
class MiniseedSettings:
    """How miniSEED is written."""

    encoding: Literal["steim2", "steim1", "int32"] = option(
        "steim2", unit="-", reason="smallest; holds steps between samples of up to 2^29 counts"
    )
    record_bytes: int = option(
        4096,
        unit="bytes",
        reason="13 % smaller files than with 512, and a little faster; power of 2",
        ge=256,
        le=65536,
    )

    def __post_init__(self) -> None:
        """Refuse a length that the format cannot state."""
        if self.record_bytes & (self.record_bytes - 1):
            raise ValueError(f"record_bytes = {self.record_bytes} must be a power of 2")


_ENCODINGS = {
    "steim2": pymseed.DataEncoding.STEIM2,
    "steim1": pymseed.DataEncoding.STEIM1,
    "int32": pymseed.DataEncoding.INT32,
}


def choose_version(network: str, station: str, location: str, channel: str) -> int:
    """Version of miniSEED that holds these codes: 2 if it can, else 3; ``DataError`` if neither does."""
    codes = (network, station, location, channel)
    for version, lengths in ((2, SHORT_CODES), (3, LONG_CODES)):
        if station and all(len(code) <= length for code, length in zip(codes, lengths, strict=True)):
            return version
    raise DataError(
        f"{'.'.join(codes)}: miniSEED has room for {LONG_CODES} letters of network, station, location and "
        "channel; shorten the codes in the station table"
    )


class MiniseedWriter:
    """One channel written to one file as its samples come; use it in a ``with`` block.

    The file has a hidden temporary name ending in ``.part`` until the block ends well; after an exception
    it is removed. A channel without any sample leaves no file.
    """

    def __init__(
        self,
        path: Path,
        codes: tuple[str, str, str, str],
        rate_hz: float,
        settings: MiniseedSettings | None = None,
    ) -> None:
        self._version = choose_version(*codes)
        self._path, self._partial = path, path.with_name(f".{path.name}.part")
        self._code, self._rate_hz = ".".join(codes), rate_hz
        self._settings = settings or MiniseedSettings()
        self._source = pymseed.nslc2sourceid(*codes)
        self._buffer = pymseed.MS3TraceList()
        self._file: BinaryIO | None = None
        self._next_ns = 0

    def __enter__(self) -> Self:
        return self

    def append(self, start_time: np.datetime64, samples: NDArray[np.int32]) -> None:
        """Add samples; they join those before if they start where these end, within half a sample.

        Raises
        ------
        DataError
            The file cannot be written (no room, no permission), a step between samples is too large for the
            encoding, or the samples start before the end of those before.
        """
        start_ns = int(start_time.astype("datetime64[ns]").astype(np.int64))
        late_samples = (start_ns - self._next_ns) * self._rate_hz / NANOSECONDS
        if self._file is not None and late_samples < -0.5:
            raise DataError(
                f"{self._code}: samples from {start_time} were written before; give them in order of time"
            )
        if self._file is not None and late_samples > 0.5:
            self._write(last=True)  # records in order of time, also across a gap
        contiguous = np.ascontiguousarray(samples, dtype=np.int32)
        self._buffer.add_data(self._source, contiguous, "i", self._rate_hz, starttime=start_ns)
        self._next_ns = start_ns + round(len(samples) * NANOSECONDS / self._rate_hz)
        self._write(last=False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._file is not None:
                self._write(last=True)
                self._file.close()
                self._partial.replace(self._path)
        except OSError as failure:
            raise self._refused(failure) from failure
        finally:
            if self._file is not None:
                self._file.close()
                self._partial.unlink(missing_ok=True)
            self._buffer.close()

    def _write(self, *, last: bool) -> None:
        """Write the records that are full, or at the ``last`` all."""
        records = self._buffer.generate(
            max_record_length=self._settings.record_bytes,
            encoding=_ENCODINGS[self._settings.encoding],
            format_version=self._version,
            flush_data=last,
            remove_packed=True,
        )
        try:
            content = b"".join(records)
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._partial.open("wb")
            self._file.write(content)
        except pymseed.MiniSEEDError as failure:
            raise DataError(
                f"{self._code}: samples before {np.datetime64(self._next_ns, 'ns')} do not go into "
                f"{self._settings.encoding} ({failure}); write with encoding = int32"
            ) from failure
        except OSError as failure:
            raise self._refused(failure) from failure

    def _refused(self, failure: OSError) -> DataError:
        return DataError(
            f"{self._path} cannot be written ({failure.strerror}); make room or choose another folder"
        )
