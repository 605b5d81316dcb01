"""Regular shots: air guns and pile drivers repeat as tremor never does."""

import numpy as np

from tremorflow.locate.correlation import IndexArray
from tremorflow.records import Envelopes, FloatArray

REGULAR_SHOTS = "regular_shots"  # fate of a group that hears them
SHORTEST_S, LONGEST_S = 8.0, 60.0  # between shots; surveys shoot every 8 to 60 s
LEAST_RISE = 0.6  # of the autocorrelation, from its lowest point before a peak to the peak
LEAST_PEAK = 0.4  # of it; of air guns at 95 % of stations, of tremor at none of 190 (simulated S-net, a day)
LEAST_RECORDED = 0.9  # of the samples: gaps repeat, too
REGULAR_SHARE = 0.5  # of the stations that hear a source: its direct wave is mixed with coda at some


def is_regular(window: Envelopes, stations: IndexArray) -> bool:
    """Whether half or more of the stations (n,) that recorded hear something that repeats regularly.

    Parameters
    ----------
    window : (station, component, time)
        Envelopes of some minutes.
    stations
        That hear the source.
    """
    series = np.sqrt(np.nansum(window.values[stations] ** 2, axis=1))
    recorded = (series > 0).mean(axis=1) >= LEAST_RECORDED
    if not recorded.any():
        return False
    found = [repeats(one, window.sampling_rate_hz) for one in series[recorded]]
    return bool(np.mean(found) >= REGULAR_SHARE)


def repeats(envelope: FloatArray, sampling_rate_hz: float) -> bool:
    """Whether an envelope (time,) repeats at one interval.

    Notes
    -----
    The autocorrelation of its logarithm, so that no single shot rules, falls and rises again to a peak.
    """
    values = np.log(np.maximum(envelope, 1e-3 * envelope.max()))
    values = values - values.mean()
    count = len(values)
    power = np.abs(np.fft.rfft(values, 2 * count)) ** 2
    products = np.fft.irfft(power)[:count] / np.arange(count, 0, -1)
    if products[0] <= 0:
        return False
    alike = products / products[0]
    first, last = (round(lag_s * sampling_rate_hz) for lag_s in (SHORTEST_S, LONGEST_S))
    last = min(last, count // 2)
    rise = alike[first : last + 1] - np.minimum.accumulate(alike)[first : last + 1]
    if not len(rise):
        return False
    peak = first + int(rise.argmax())
    return bool(rise.max() >= LEAST_RISE and alike[peak] >= LEAST_PEAK)
