"""Random numbers that do not depend on how the work is cut: every stream has its seed and fixed blocks."""

import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft

from tremorflow.records import FloatArray

Key = int | str

KNOT_BLOCK = 64  # knots of a slow variation that are drawn together: making a generator takes 20 us


def generator(seed: int, *keys: Key) -> Generator:
    """Make the generator of what the keys name, as ``generator(seed, "noise", station_code, tile)``.

    The same seed and keys give the same numbers in any process and order of work. Keys are words or whole
    numbers; name stations by their code, so that leaving one out does not change the others.
    """
    words = [zlib.crc32(key.encode()) if isinstance(key, str) else key % 2**32 for key in keys]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed % 2**32, *words])))


def white_noise(seed: int, keys: tuple[Key, ...], tile: int, n_samples: int) -> NDArray[np.float32]:
    """(time,) white Gaussian noise of standard deviation 1 of one tile of a stream."""
    return generator(seed, *keys, tile).standard_normal(n_samples, dtype=np.float32)


def coloured_noise(
    seed: int, keys: tuple[Key, ...], tile: int, taps: NDArray[np.float32], n_samples: int
) -> NDArray[np.float32]:
    """(time,) stationary noise of one tile: white noise passed through the FIR ``taps``.

    Parameters
    ----------
    seed, keys
        Name of the stream.
    tile
        Number of the tile of ``n_samples``; neighbouring tiles join without a seam.
    taps : (tap,)
        At most ``n_samples`` long. ``design_taps`` makes them from a spectrum.

    Notes
    -----
    The white noise of the tile before is drawn again for the taps that reach back: twice the random numbers,
    no memory between tiles.
    """
    reach = len(taps) - 1
    white = np.concatenate(
        [
            white_noise(seed, keys, tile - 1, n_samples)[n_samples - reach :],
            white_noise(seed, keys, tile, n_samples),
        ]
    )
    length = fft.next_fast_len(n_samples + reach, real=True)
    spectrum = fft.rfft(white, length) * _tap_spectrum(taps.tobytes(), length)
    return np.asarray(fft.irfft(spectrum, length)[reach : reach + n_samples], dtype=np.float32)


@lru_cache(maxsize=512)
def _tap_spectrum(taps: bytes, length: int) -> NDArray[np.complex64]:
    """Spectrum of the taps; a station's taps serve all its tiles."""
    return np.asarray(fft.rfft(np.frombuffer(taps, dtype=np.float32), length))


def design_taps(
    density: Callable[[FloatArray], FloatArray], rate_hz: float, length_s: float
) -> NDArray[np.float32]:
    """(tap,) FIR that turns white noise of variance 1 into noise of a one-sided power density.

    Parameters
    ----------
    density
        Power per Hz at frequencies (Hz) > 0, as (m/s)**2/Hz; called once.
    rate_hz
        Sampling rate.
    length_s
        Length of the FIR: features narrower than ``1 / length_s`` Hz are smeared.
    """
    n_taps = max(3, round(length_s * rate_hz)) | 1
    frequencies_hz = fft.rfftfreq(4 * n_taps, 1 / rate_hz)
    amplitude = np.zeros(len(frequencies_hz))
    amplitude[1:] = np.sqrt(density(frequencies_hz[1:]) * rate_hz / 2)
    whole = np.roll(fft.irfft(amplitude, 4 * n_taps), n_taps // 2)[:n_taps]
    return np.asarray(whole * np.hanning(n_taps + 2)[1:-1], dtype=np.float32)


def slow_variation(seed: int, keys: tuple[Key, ...], times_s: FloatArray, knot_s: float) -> FloatArray:
    """Smooth random function of mean 0 and standard deviation 1 at ``times_s``, changing within ``knot_s``.

    Parameters
    ----------
    times_s : (time,), s
        Since the start of the scenario, negative ones too.
    knot_s
        Independent values stand this far apart; between them the function is a quadratic B-spline.
    """
    place = times_s / knot_s
    first = int(np.floor(place.min())) - 1 if len(place) else 0
    last = int(np.floor(place.max())) + 3 if len(place) else 0
    blocks = range(first // KNOT_BLOCK, (last - 1) // KNOT_BLOCK + 1)
    drawn = [generator(seed, *keys, "knots", block).standard_normal(KNOT_BLOCK) for block in blocks]
    knots = np.concatenate(drawn)[first - blocks[0] * KNOT_BLOCK :]
    whole = np.floor(place).astype(int)
    part = place - whole
    weights = (0.5 * (1 - part) ** 2, 0.5 + part * (1 - part), 0.5 * part**2)
    values = np.zeros(len(times_s))
    for k, weight in enumerate(weights):
        values += weight * knots[whole - first + k - 1]
    return np.asarray(values / np.sqrt(0.55))  # mean over a knot of the variance of the three weights
