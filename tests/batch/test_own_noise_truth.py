"""A network's own noise: pieces that no two splits share, from where there are recordings."""

import itertools

import numpy as np
import pytest

pytest.importorskip("h5py", reason="needs the extra dev or train (h5py)")

from tremorflow.batch import own_noise
from tremorflow.batch.own_noise import MOST, NoiseSource, gather_noise, split_noise
from tremorflow.batch.recordings import Tally
from tremorflow.errors import DataError
from tremorflow.io.archive import StationReading
from tremorflow.records import Network, Station, Waveforms, seconds, timedelta
from tremorflow.spectrogram import SpectrogramSettings

START = np.datetime64("2020-01-01T00:00:00", "ns")
NETWORK = Network((Station("XX", "A", 0.0, 0.0, 0.0), Station("XX", "B", 0.1, 0.1, 0.0)))
RATE_HZ = 25.0


class Feed:
    """White noise in the hours ``recorded`` (first, end) after ``START``; keeps what was asked for."""

    def __init__(self, recorded, rate_hz=RATE_HZ, network=NETWORK):
        self.network, self.recorded, self.rate_hz, self.asked = network, recorded, rate_hz, []

    def read(self, stations, begin, end):
        first, last = (START + timedelta(3600.0 * hour) for hour in self.recorded)
        low, high = max(begin, first), min(end, last)
        for station in stations:
            self.asked.append((station, begin, end))
            if low >= high:
                yield StationReading(None, (), [])
                continue
            count = round(seconds(high - low) * self.rate_hz)
            samples = np.random.default_rng([station, count]).standard_normal((1, 1, count)) * 100
            network = self.network.subset([station])
            waveforms = Waveforms(network, ("Z",), samples.astype(np.float32), low, self.rate_hz, "count")
            yield StationReading(waveforms, (), [])


def gather(feed, hours, **changes):
    span = START, START + timedelta(3600.0 * hours)
    tally = Tally()
    found = gather_noise(NoiseSource(feed, span, {}, **changes), SpectrogramSettings(), tally)
    return found, tally.table()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("hours", [1.5, 3.0, 6.5])
def test_pieces_of_a_station_never_overlap_and_lie_in_the_span(hours, seed):
    feed = Feed((0.0, 100.0))
    gather(feed, hours, pieces=3, seed=seed)
    for station in (0, 1):
        spans = sorted((begin, end) for place, begin, end in feed.asked if place == station)
        assert spans
        assert spans[0][0] >= START
        assert spans[-1][1] <= START + timedelta(3600.0 * hours)
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))


def test_hours_without_recordings_are_passed_over():
    found, skips = gather(Feed((500.0, 503.0)), 800.0, pieces=1)
    assert [one.origin for one in found] == ["XX.A", "XX.B"]
    assert not len(skips)


def test_a_station_that_never_recorded_is_counted_and_nothing_at_all_is_refused():
    with pytest.raises(DataError, match="no noise to learn from"):
        gather(Feed((900.0, 901.0)), 10.0)


def test_recordings_that_are_too_slow_are_refused():
    """Resampled to 25 Hz they would look whole."""
    with pytest.raises(DataError, match="a sampling rate of 10 Hz"):
        gather(Feed((0.0, 10.0), rate_hz=10.0), 4.0)


def test_windows_of_the_two_splits_share_no_second():
    found, _ = gather(Feed((0.0, 4.0)), 4.0, pieces=1)
    assert len(found) <= MOST
    splits = split_noise(found)
    last = max(start for _, start in splits["train"]) + 120.0
    assert last < min(start for _, start in splits["dev"])
    assert len(splits["train"]) > len(splits["dev"]) > 20
    for one in found:
        starts = [start for recording, start in splits["dev"] if recording is one]
        assert np.diff(starts).min() >= 60  # as a network is read


def test_stations_of_a_large_network_are_heard_at_different_times_and_none_twice_before_all(monkeypatch):
    monkeypatch.setattr(own_noise, "TOGETHER", 2)
    network = Network(tuple(Station("XX", f"S{k}", k / 10, 0.0, 0.0) for k in range(8)))
    feed = Feed((0.0, 1000.0), network=network)
    found, skips = gather(feed, 200.0, pieces=1)
    assert sorted(one.origin for one in found) == sorted(network.codes)
    assert len({begin for _, begin, _ in feed.asked}) == 4
    assert not len(skips)


def test_stations_that_are_not_needed_are_counted(monkeypatch):
    monkeypatch.setattr(own_noise, "MOST", 3)
    monkeypatch.setattr(own_noise, "TOGETHER", 2)
    network = Network(tuple(Station("XX", f"S{k}", k / 10, 0.0, 0.0) for k in range(5)))
    found, skips = gather(Feed((0.0, 100.0), network=network), 50.0, pieces=2)
    heard = {one.origin for one in found}
    assert len(heard) == len(found) == 3
    left = skips[skips["reason"] == "other stations gave enough noise"]
    assert set(left["station"]) == set(network.codes) - heard
