"""However a simulation is written, in one go, in pieces or by many, the files are the same to the byte."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from simulated_network import FakeSimulation

from tremorflow.batch.simulate import Origin, OutputSettings, write_recordings, write_simulation
from tremorflow.batch.simulated import SimulatedRecordings
from tremorflow.batch.simulated_archive import list_days, sds_path
from tremorflow.errors import DataError, SettingsError
from tremorflow.io.miniseed_write import MiniseedWriter
from tremorflow.simulate.scenario import make_scenario, read_scenario

ORIGIN = Origin("fake", 1, "abc", 'name = "fake"\n')

SLOW_RUN = """
import sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
from simulated_network import FakeSimulation
from tremorflow.batch.simulate import Origin, OutputSettings, write_recordings

class Slow(FakeSimulation):
    def record(self, station, tile):
        time.sleep(0.1)
        return super().record(station, tile)

if __name__ == "__main__":
    settings = OutputSettings(format={form!r}, processes=2)
    write_recordings(Slow(), Path({folder!r}), Origin(*{origin!r}), settings)
"""


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def write(folder, form="sds", processes=1, simulation=None, origin=ORIGIN):
    settings = OutputSettings(format=form, processes=processes)
    return write_recordings(simulation or FakeSimulation(), folder, origin, settings)


@pytest.fixture(scope="module", params=["sds", "win32"])
def uninterrupted(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    write(folder, request.param)
    return request.param, contents(folder)


def looks_whole(path):
    return path.is_file() and not path.name.startswith(".") and path.suffix not in (".part", ".partial")


@pytest.mark.skipif(sys.platform != "linux", reason="stops a group of processes")
def test_killed_and_resumed_is_uninterrupted(uninterrupted, tmp_path):
    form, whole = uninterrupted
    folder = tmp_path / "out"
    tests = str(Path(__file__).parent)
    program = SLOW_RUN.format(tests=tests, folder=str(folder), form=form, origin=tuple(ORIGIN))
    process = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    deadline = time.monotonic() + 30
    while not any(looks_whole(path) for path in (folder / form).rglob("*")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    left = contents(folder)
    assert 0 < len(left) < len(whole)
    # what has its name is whole, and nothing says that the simulation is
    assert all(whole[name] == content for name, content in left.items() if looks_whole(folder / name))
    assert not {"simulation.json", "tremor.csv", "scenario.toml"} & set(left)
    assert "simulation.json.part" in left
    kept = {name: (folder / name).stat().st_mtime_ns for name in left if looks_whole(folder / name)}
    write(folder, form)
    assert contents(folder) == whole
    assert all((folder / name).stat().st_mtime_ns == time_ns for name, time_ns in kept.items())


@pytest.mark.skipif(sys.platform != "linux", reason="watches processes")
def test_processes_end_with_the_one_that_made_them(tmp_path):
    program = SLOW_RUN.format(
        tests=str(Path(__file__).parent), folder=str(tmp_path), form="sds", origin=tuple(ORIGIN)
    )
    process = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 30
    while len(children.read_text().split()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    workers = [Path("/proc", number) for number in children.read_text().split()]
    process.kill()
    process.wait()
    while any(worker.exists() and "Z" not in (worker / "stat").read_text().split()[2] for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_in_parallel_is_in_turn(uninterrupted, tmp_path):
    form, whole = uninterrupted
    write(tmp_path, form, processes=3)
    assert contents(tmp_path) == whole


class NotToBePickled(FakeSimulation):
    def __reduce__(self):
        raise TypeError


@pytest.mark.parametrize("kind", [FakeSimulation, NotToBePickled])
def test_where_processes_do_not_inherit_the_result_is_the_same(kind, tmp_path, monkeypatch):
    monkeypatch.setattr("tremorflow.batch.workers.sys.platform", "darwin")
    write(tmp_path / "spawned", processes=2, simulation=kind(n_stations=2, duration_s=600.0))
    monkeypatch.undo()
    write(tmp_path / "forked", processes=2, simulation=FakeSimulation(n_stations=2, duration_s=600.0))
    assert contents(tmp_path / "spawned") == contents(tmp_path / "forked")


def test_whole_is_not_written_again_but_what_is_lost_is(uninterrupted, tmp_path):
    form, whole = uninterrupted
    assert not write(tmp_path, form).was_whole
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert write(tmp_path, form).was_whole
    assert times == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    lost = next(path for path in sorted((tmp_path / form).rglob("*")) if path.suffix in (".059", ".cnt"))
    lost.unlink()
    assert not write(tmp_path, form).was_whole
    assert contents(tmp_path) == whole


def test_folder_of_another_simulation_is_refused(tmp_path):
    write(tmp_path / "out")
    before = contents(tmp_path)
    for other in (ORIGIN._replace(settings_hash="def"), ORIGIN):
        form = "sds" if other != ORIGIN else "win32"
        with pytest.raises(DataError, match=r"holds another simulation .* choose another folder"):
            write(tmp_path / "out", form, origin=other)
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "recording.mseed").write_bytes(b"")
    with pytest.raises(DataError, match=r"recording\.mseed and no simulation; choose an empty folder"):
        write(tmp_path / "real")
    (tmp_path / "real" / "recording.mseed").unlink()
    (tmp_path / "real").rmdir()
    assert contents(tmp_path) == before


class Unrendered(FakeSimulation):
    def record(self, station, tile):
        raise AssertionError


def test_folder_that_cannot_be_written_is_refused_before_anything_is_rendered(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write into the output folder"):
        write(tmp_path / "file" / "out", simulation=Unrendered())


def test_what_a_format_cannot_hold_is_refused_before_anything_is_rendered(tmp_path):
    with pytest.raises(SettingsError, match=r"sampling_rate_hz = 31\.25"):
        write(tmp_path / "out", "win32", simulation=Unrendered(rate_hz=31.25))
    for start in ("2020-01-01T00:00:30Z", "2020-01-01T00:00:00.01Z"):  # its files are minutes of the clock
        with pytest.raises(SettingsError, match=r"start = 2020-01-01T00:00.* whole minute"):
            write(tmp_path / "out", "win32", simulation=Unrendered(start=start))
    assert not (tmp_path / "out").exists()


class Full(MiniseedWriter):
    def append(self, start_time, samples):
        if self._code.startswith("N.S003"):
            raise DataError("no room")
        super().append(start_time, samples)


def test_a_failure_keeps_what_is_finished(tmp_path, monkeypatch):
    monkeypatch.setattr("tremorflow.batch.simulated_archive.MiniseedWriter", Full)
    with pytest.raises(DataError, match="no room"):
        write(tmp_path, processes=2)
    finished = {path.name for path in (tmp_path / "sds").rglob("*.D.2024.*") if looks_whole(path)}
    assert "N.S001..BHX.D.2024.059" in finished
    assert not any(name.startswith("N.S003") for name in finished)
    assert not (tmp_path / "simulation.json").exists()


class Dying(FakeSimulation):
    def record(self, station, tile):
        if station == 1:
            os._exit(9)
        return super().record(station, tile)


def test_a_process_that_dies_is_noticed(tmp_path):
    with pytest.raises(DataError, match=r"worker process ended with status 9 .*fewer processes"):
        write(tmp_path, processes=2, simulation=Dying())
    with (
        SimulatedRecordings(Dying(), processes=2) as source,
        pytest.raises(DataError, match="worker process ended with status 9"),
    ):
        source.read(*source.span)


def test_scenario_is_simulated_the_same_in_one_go_and_in_pieces(tmp_path):
    tree = {
        "name": "four",
        "duration_s": 1200.0,
        "sampling_rate_hz": 25.0,
        "network": {"select": ["N.S3N01", "N.S3N02", "N.S3N03", "N.S3N04"]},
        "instrument": {"frame": "XYZ"},
        "tremor": [{"kind": "episode", "latitude": 39.6, "longitude": 143.2}],
    }
    scenario = make_scenario(tree)
    write_simulation(scenario, tmp_path / "one", OutputSettings(processes=1, snr=True))
    write_simulation(scenario, tmp_path / "two", OutputSettings(processes=2, snr=True))
    whole = contents(tmp_path / "one")
    assert contents(tmp_path / "two") == whole
    assert len([name for name in whole if name.startswith("sds/")]) == 4 * 3
    for name in ("simulation.json", "sds/2020/N/S3N02/BHX.D/N.S3N02..BHX.D.2020.001"):
        (tmp_path / "two" / name).unlink()
    (tmp_path / "two" / "sds" / ".N.S3N02..BHX.D.2020.001.part").write_bytes(b"half")
    # without simulation.json nothing says whose the folder is
    with pytest.raises(DataError, match="and no simulation"):
        write_simulation(scenario, tmp_path / "two")
    (tmp_path / "two" / "simulation.json.part").write_bytes(whole["simulation.json"])
    write_simulation(scenario, tmp_path / "two", OutputSettings(snr=True))
    assert contents(tmp_path / "two") == whole
    assert read_scenario(tmp_path / "two" / "scenario.toml") == scenario
    with pytest.raises(DataError, match="holds another simulation"):
        write_simulation(replace(scenario, seed=2), tmp_path / "two")


def test_days_cut_the_scenario_at_midnight():
    simulation = FakeSimulation()
    days = list_days(simulation.grid)
    assert [(day.first, day.last) for day in days] == [(0, 12 * 60 * 25), (12 * 60 * 25, 30 * 60 * 25)]
    uneven = FakeSimulation(start="2023-12-31T23:59:59.990Z", rate_hz=31.25, duration_s=1.0)
    assert [(str(day.date), day.first, day.last) for day in list_days(uneven.grid)] == [
        ("2023-12-31", 0, 1),
        ("2024-01-01", 1, 32),
    ]
    # nearer to midnight than a sample's time is told apart
    near = FakeSimulation(start="2020-01-01T23:59:59.99999998Z", rate_hz=20.0, duration_s=1.0)
    assert [(str(day.date), day.first, day.last) for day in list_days(near.grid)] == [
        ("2020-01-01", 0, 1),
        ("2020-01-02", 1, 20),
    ]


def test_days_of_leap_years_have_their_number(tmp_path):
    from tremorflow.records import Channel

    channel = Channel("N", "S000", "", "HHZ", "Z")
    days = list_days(FakeSimulation(start="2024-12-31T23:00:00Z", duration_s=7200.0).grid)
    assert [sds_path(tmp_path, channel, day.date).name for day in days] == [
        "N.S000..HHZ.D.2024.366",
        "N.S000..HHZ.D.2025.001",
    ]
