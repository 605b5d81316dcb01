"""Regular shots: air guns and pile drivers repeat as tremor never does."""

import numpy as np

from tremorflow.geodesy import distances_km
from tremorflow.locate.correlation import IndexArray
from tremorflow.records import Envelopes, FloatArray

REGULAR_SHOTS = "regular_shots"  # fate of a group that hears them
SHORTEST_S, LONGEST_S = 8.0, 60.0  # between shots; surveys shoot every 8 to 60 s
LEAST_RISE = 0.6  # of the autocorrelation, from its lowest point before a peak to the peak
LEAST_PEAK = 0.4  # of it; of air guns at 95 % of stations, of tremor at none of 190 (simulated S-net, a day)
LEAST_RECORDED = 0.9  # of the samples: gaps repeat, too
REGULAR_SHARE = 0.5  # of the stations that hear a source: its direct wave is mixed with coda at some
NEIGHBOUR_KM = 80.0  # to a station that hears the shots better: neighbours, as of the association
FOLLOWS = 0.35  # correlation with it; who hears the same earthquake has it too: asked beside shots alone
LATEST_S = 30.0  # between the two: 80 km at 3.5 km/s, and as much in water


def is_regular(window: Envelopes, stations: IndexArray) -> bool:
    """Whether half or more of the stations (n,) that recorded hear something that repeats regularly.

    Parameters
    ----------
    window : (station, component, time)
        Envelopes of some minutes, of the whole network.
    stations
        That hear the source.

    Notes
    -----
    A station hears shots if its envelope repeats (``repeats``), or if it follows that of a neighbour whose
    envelope does: shots that are faint, or sound twice by different ways, repeat clearly only nearer by.
    """
    heard = np.sqrt(np.nansum(window.values**2, axis=1))
    recorded = (heard > 0).mean(axis=1) >= LEAST_RECORDED
    members = stations[recorded[stations]]
    if not len(members):
        return False
    network, rate_hz = window.network, window.sampling_rate_hz
    at = network.latitudes, network.longitudes
    near = recorded & (distances_km(at[0][members, None], at[1][members, None], *at) <= NEIGHBOUR_KM)
    shot_at = np.array([near[:, k].any() and repeats(heard[k], rate_hz) for k in range(len(network))])
    found = [
        shot_at[station] or _follows(heard[station], heard[shot_at & around], rate_hz)
        for station, around in zip(members, near, strict=True)
    ]
    return bool(np.mean(found) >= REGULAR_SHARE)


def repeats(envelope: FloatArray, sampling_rate_hz: float) -> bool:
    """Whether an envelope (time,) repeats at one interval.

    Notes
    -----
    The autocorrelation of its logarithm, so that no single shot rules, falls and rises again to a peak.
    """
    values = _loudness(envelope)
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


def _follows(envelope: FloatArray, others: FloatArray, sampling_rate_hz: float) -> bool:
    """Whether the logarithm of an envelope (time,) correlates with that of one of others (n, time)."""
    values = _loudness(envelope)
    latest = min(round(LATEST_S * sampling_rate_hz), len(values) - 1)
    middle = len(values) - 1
    for other in map(_loudness, others):
        products = np.correlate(values, other, mode="full")[middle - latest : middle + latest + 1]
        if products.max() >= FOLLOWS * np.sqrt((values @ values) * (other @ other)) > 0:
            return True
    return False


def _loudness(envelope: FloatArray) -> FloatArray:
    """Logarithm of an envelope (time,), less its mean: no single shot rules it."""
    values = np.log(np.maximum(envelope, 1e-3 * envelope.max()))
    return np.asarray(values - values.mean())
