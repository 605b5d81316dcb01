"""The nouns: stations, networks, recordings, spectrograms, probabilities and the columns of the tables.

Arrays are ordered (station, component, frequency, time), absent axes dropped. Missing samples are NaN. Depth
is positive down from sea level, time is UTC ``datetime64[ns]``.
"""

from tremorflow.records.probabilities import CLASSES, PROBABILITY_COLUMNS, Probabilities
from tremorflow.records.recordings import (
    ROLES,
    Channel,
    Envelopes,
    SampleArray,
    Segment,
    Spectrograms,
    Waveforms,
    check_rate,
)
from tremorflow.records.stations import FloatArray, Network, Station
from tremorflow.records.tables import (
    EVENT_COLUMNS,
    FULL_CHAIN_COLUMNS,
    GROUP_COLUMNS,
    NO_ENERGY,
    SMALL_GROUP,
    TIME,
    UNCORRELATED,
    Column,
    event_table,
    join_events,
)
from tremorflow.records.times import NANOSECONDS, iso, name_by_time, seconds, timedelta, utc

__all__ = [
    "CLASSES",
    "EVENT_COLUMNS",
    "FULL_CHAIN_COLUMNS",
    "GROUP_COLUMNS",
    "NANOSECONDS",
    "NO_ENERGY",
    "PROBABILITY_COLUMNS",
    "ROLES",
    "SMALL_GROUP",
    "TIME",
    "UNCORRELATED",
    "Channel",
    "Column",
    "Envelopes",
    "FloatArray",
    "Network",
    "Probabilities",
    "SampleArray",
    "Segment",
    "Spectrograms",
    "Station",
    "Waveforms",
    "check_rate",
    "event_table",
    "iso",
    "join_events",
    "name_by_time",
    "seconds",
    "timedelta",
    "utc",
]
