"""The truth names what clipped: its spans are those of the samples at the limit that are read back."""

import json
from dataclasses import replace

import numpy as np
import pytest
from simulated_network import FakeSimulation

from tremorflow.batch.simulate import Origin, OutputSettings, write_recordings, write_simulation
from tremorflow.io.archive import open_archive
from tremorflow.records import seconds, timedelta
from tremorflow.simulate.instrument import InstrumentSettings, make_instrument
from tremorflow.simulate.scenario import make_scenario
from tremorflow.truth import read_truth, truth_table

ORIGIN = Origin("fake", 1, "abc", 'name = "fake"\n')
LOWEST, HIGHEST = -(2**23), 2**23 - 1


class Clipping(FakeSimulation):
    """Clips within a tile, across the joint of two, across midnight, and after the end of the scenario."""

    def record(self, station, tile):
        recorded = super().record(station, tile)
        counts = recorded.counts
        if station == 0 and tile == 0:
            counts[1, 500:510], counts[2, 520:522], counts[0, 600] = HIGHEST, LOWEST, LOWEST
            counts[1, -10:] = LOWEST
        if station == 0 and tile == 1:
            counts[1, 5:20] = HIGHEST  # the wave swings through the joint
        if station == 3 and tile == 1:
            counts[2, 2990:3010] = HIGHEST
        if station == 3 and tile == 2:
            counts[:, -100:] = HIGHEST
        return recorded


def clipping_simulation():
    bare = Clipping(duration_s=1750.0)
    settings = InstrumentSettings(
        adc_bits=24,
        spikes_per_day=0.0,
        steps_per_day=0.0,
    )
    instrument = make_instrument(settings, bare.network, bare.grid, 1, truth_table("outages"))
    return replace(bare, instrument=instrument)


def clipped_in_archive(folder, form, start, duration_s):
    """Spans (station, first sample, first sample after) at the limit; up to a second between is one span."""
    archive = open_archive(folder / form, stations=folder / "stations.xml")
    spans = []
    for code in archive.network.codes:
        waveforms = archive.read_station(code, start, start + timedelta(duration_s)).waveforms
        samples = waveforms.samples[0]
        at_limit = np.flatnonzero(((samples <= LOWEST) | (samples >= HIGHEST)).any(axis=0))
        runs = np.split(at_limit, np.flatnonzero(np.diff(at_limit) > waveforms.sampling_rate_hz) + 1)
        spans += [(code, run[0], run[-1] + 1) for run in runs if len(run)]
    return spans


def clipped_in_truth(folder, start, rate_hz):
    rows = read_truth(folder).nuisances
    rows = rows[rows["kind"] == "clipping"]
    samples = [
        [round(seconds(time - start) * rate_hz) for time in rows[key].to_numpy()]
        for key in ("start_time", "end_time")
    ]
    return list(zip(rows["stations"], *samples, strict=True))


def contents(folder):
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".sqlite"]  # of readers
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize("form", ["sds", "win32"])
def test_what_clips_stands_in_the_truth_once(form, tmp_path):
    simulation = clipping_simulation()
    summary = write_recordings(simulation, tmp_path / "one", ORIGIN, OutputSettings(format=form, processes=1))
    found = clipped_in_truth(tmp_path / "one", simulation.grid.start_time, 25.0)
    assert found == clipped_in_archive(tmp_path / "one", form, simulation.grid.start_time, 1750.0)
    assert found == [
        ("N.S000", 500, 522),
        ("N.S000", 600, 601),
        ("N.S000", 14990, 15020),
        ("N.S003", 17990, 18010),
    ]
    assert summary.about["rows"]["nuisances"] == 4
    assert json.loads((tmp_path / "one" / "simulation.json").read_text("utf-8")) == summary.about
    write_recordings(simulation, tmp_path / "two", ORIGIN, OutputSettings(format=form, processes=2))
    assert contents(tmp_path / "two") == contents(tmp_path / "one")


class Stopped(Clipping):
    """Stops at the third tile that it is asked for."""

    def record(self, station, tile):
        self.asked.append((station, tile))
        if len(self.asked) == self.stop_at:
            raise KeyboardInterrupt
        return super().record(station, tile)


@pytest.mark.parametrize("form", ["sds", "win32"])
def test_resumed_truth_of_clipping_is_that_of_one_go(form, tmp_path):
    simulation, settings = clipping_simulation(), OutputSettings(format=form, processes=1)
    write_recordings(simulation, tmp_path / "one", ORIGIN, settings)
    whole = contents(tmp_path / "one")
    for stop_at in (3, 6, 10):
        folder = tmp_path / f"stopped{stop_at}"
        stopped = Stopped(duration_s=1750.0, instrument=simulation.instrument)
        object.__setattr__(stopped, "asked", [])
        object.__setattr__(stopped, "stop_at", stop_at)
        with pytest.raises(KeyboardInterrupt):
            write_recordings(stopped, folder, ORIGIN, settings)
        write_recordings(simulation, folder, ORIGIN, settings)
        assert contents(folder) == whole
    # a file that is lost later, and with it the tables
    lost = sorted(path for path in (tmp_path / "one" / form).rglob("[!.]*") if path.is_file())[-2]
    lost.unlink()
    (tmp_path / "one" / "nuisances.csv").unlink()
    write_recordings(simulation, tmp_path / "one", ORIGIN, settings)
    assert contents(tmp_path / "one") == whole


def test_clipping_of_a_scenario_is_that_of_its_miniseed(tmp_path):
    tree = {
        "name": "loud",
        "start": "2020-01-01T23:45:00Z",
        "duration_s": 1300.0,
        "sampling_rate_hz": 25.0,
        "network": {"select": ["N.S3N01", "N.S3N02"]},
        "instrument": {"adc_bits": 24, "sensitivity": 1.7e12},
        "tremor": [{"kind": "episode", "latitude": 39.6, "longitude": 143.2}],
    }
    scenario = make_scenario(tree)
    write_simulation(scenario, tmp_path, OutputSettings(processes=1))
    start = np.datetime64("2020-01-01T23:45:00", "ns")
    found = clipped_in_truth(tmp_path, start, 25.0)
    assert found
    assert found == clipped_in_archive(tmp_path, "sds", start, 1300.0)
