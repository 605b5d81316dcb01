"""What the full chain reads from: signals of a network, from an archive or elsewhere."""

from typing import Protocol

import numpy as np

from tremorflow.batch.recordings import EnvelopeSource
from tremorflow.records import Envelopes, Probabilities, Spectrograms


class SignalSource(EnvelopeSource, Protocol):
    """Something that gives the probabilities of a network too, and envelopes of all components."""

    def probabilities(self) -> Probabilities:
        """Probabilities of all windows of the span."""

    def read_all(self, start_time: np.datetime64, end_time: np.datetime64) -> Envelopes:
        """Envelopes of all components from start up to end."""

    def spectrograms(self, station: int, begin: np.datetime64, end: np.datetime64) -> Spectrograms | None:
        """Spectrograms of one station (row of the network); None if there are none."""
