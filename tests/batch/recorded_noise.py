"""Recordings of four stations, one of which cannot be used, with a gap and a dead component among them."""

from pathlib import Path

import numpy as np
import obspy

from tremorflow.records import Network, Station, timedelta, utc

START = utc("2020-05-24T00:10:00Z")
LENGTH_S = 2.5 * 3600
SPAN = START, START + timedelta(LENGTH_S)
STATIONS = ("AAA", "BBB", "CCC", "DDD")
NETWORK = Network(tuple(Station("XX", name, 40.0 + k, 140.0, 0.0) for k, name in enumerate(STATIONS)))
RATES = {"AAA": 100.0, "BBB": 50.0, "CCC": 20.0, "DDD": 10.0}  # the last one cannot be used


def samples_of(station, channel):
    """Red noise, in which something like P and S of an earthquake with their coda comes after 5000 s."""
    rate = RATES[station]
    rng = np.random.default_rng(sum(map(ord, station + channel)))
    after = np.arange(round(LENGTH_S * rate)) / rate - 5000.0
    size = 1 + sum(
        height * np.exp(-np.clip(after - onset, 0, 200) / decay) * (after > onset)
        for height, onset, decay in ((8, 0, 3), (30, 7, 3), (8, 7, 12))
    )
    walk = np.cumsum(rng.normal(0, 30, len(after)) * size)
    return (walk - np.linspace(walk[0], walk[-1], len(walk))).astype(np.int32)


def traces():
    for station in STATIONS:
        for channel in ("HHE", "HHN", "HHZ") if station != "CCC" else ("HHZ",):
            header = {"network": "XX", "station": station, "channel": channel, "location": "00"}
            whole = obspy.Trace(samples_of(station, channel), header)
            whole.stats.sampling_rate = RATES[station]
            whole.stats.starttime = obspy.UTCDateTime(str(START))
            yield whole


def write_recordings(where: Path) -> Path:
    """Write day files, of which one has a gap and one component of BBB is dead."""
    for trace in traces():
        if trace.id == "XX.AAA.00.HHN":
            begin = trace.stats.starttime
            parts = obspy.Stream([trace.slice(begin, begin + 4000), trace.slice(begin + 4210, begin + 1e6)])
            parts.write(str(where / f"{trace.id}.mseed"), format="MSEED")
            continue
        if trace.id == "XX.BBB.00.HHE":
            trace.data[:] = 7
        trace.write(str(where / f"{trace.id}.mseed"), format="MSEED")
    return where
