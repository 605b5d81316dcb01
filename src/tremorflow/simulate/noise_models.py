"""Peterson's (1993) low- and high-noise models: between them lies the background of nearly every station."""

import numpy as np

from tremorflow.records import FloatArray

# Period (s) from which on a piece holds, and A, B of acceleration power A + B log10(period),
# dB relative to 1 (m/s**2)**2/Hz. Peterson (1993), USGS Open-File Report 93-322, tables 3 and 4.
_LOW = np.array(
    [
        (0.10, -162.36, 5.64),
        (0.17, -166.70, 0.00),
        (0.40, -170.00, -8.30),
        (0.80, -166.40, 28.90),
        (1.24, -168.60, 52.48),
        (2.40, -159.98, 29.81),
        (4.30, -141.10, 0.00),
        (5.00, -71.36, -99.77),
        (6.00, -97.26, -66.49),
        (10.00, -132.18, -31.57),
        (12.00, -205.27, 36.16),
        (15.60, -37.65, -104.33),
        (21.90, -114.37, -47.10),
        (31.60, -160.58, -16.28),
        (45.00, -187.50, 0.00),
        (70.00, -216.47, 15.70),
        (101.00, -185.00, 0.00),
        (154.00, -168.34, -7.61),
        (328.00, -217.43, 11.90),
        (600.00, -258.28, 26.60),
        (10000.00, -346.88, 48.75),
    ]
)
_HIGH = np.array(
    [
        (0.10, -108.73, -17.23),
        (0.22, -150.34, -80.50),
        (0.32, -122.31, -23.87),
        (0.80, -116.85, 32.51),
        (3.80, -108.48, 18.08),
        (4.60, -74.66, -32.95),
        (6.30, 0.66, -127.18),
        (7.90, -93.37, -22.42),
        (15.40, 73.54, -162.98),
        (20.00, -151.52, 10.01),
        (354.80, -206.66, 31.63),
    ]
)


def peterson_db(frequencies_hz: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Power of ground *acceleration* of the low- and the high-noise model, dB rel. 1 (m/s**2)**2/Hz.

    Parameters
    ----------
    frequencies_hz : (frequency,), Hz
        Above zero. The models end at 10 Hz: above it their power of acceleration is held constant.

    Returns
    -------
    Two arrays (frequency,).
    """
    period_s = np.maximum(1 / frequencies_hz, 0.1)
    return _piecewise(_LOW, period_s), _piecewise(_HIGH, period_s)


def _piecewise(pieces: FloatArray, period_s: FloatArray) -> FloatArray:
    # The period 0.1 s itself must not fall before the first piece by rounding.
    piece = np.maximum(np.searchsorted(pieces[:, 0], period_s, side="right") - 1, 0)
    return np.asarray(pieces[piece, 1] + pieces[piece, 2] * np.log10(period_s))
