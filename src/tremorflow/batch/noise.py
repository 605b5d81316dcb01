"""Noise of hours spread over the span of a source."""

import numpy as np

from tremorflow.batch.sources import SignalSource
from tremorflow.capability.grid import Hour
from tremorflow.energy import EnergySettings, measure_noise
from tremorflow.records import timedelta

HOUR = timedelta(3600.0)


def sample_noise(source: SignalSource, count: int, most: int, settings: EnergySettings) -> list[Hour] | None:
    """Noise of up to ``most`` of the first ``count`` hours of a source; None if it is not in m/s.

    The hours are counted from the start of its span and cut at its end; the noise of one in which nothing was
    recorded is None.
    """
    first, last = source.span
    hours: list[Hour] = []
    for k in np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)):
        begin, end, noise = first + k * HOUR, min(first + (k + 1) * HOUR, last), None
        if source.has_recordings(begin, end):
            envelopes = source.read_all(begin, end)
            if np.isfinite(envelopes.values).any():
                if envelopes.unit != "m/s":
                    return None
                noise = measure_noise(envelopes, settings)
        hours.append((begin, noise))
    return hours
