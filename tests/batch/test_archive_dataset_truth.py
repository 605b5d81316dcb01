"""Labels of an archive against the truth of a simulated one: what is called tremor is tremor."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("h5py", reason="needs the extra dev or train (h5py)")

from tremorflow.batch.archive_dataset import LabelJob, write_archive_dataset
from tremorflow.batch.simulated import SimulatedWaveforms
from tremorflow.classifier.dataset import open_dataset
from tremorflow.classifier.labels import LabelSettings
from tremorflow.errors import DataError
from tremorflow.records import timedelta
from tremorflow.simulate.scenario import make_scenario
from tremorflow.simulate.synthesis import prepare_simulation
from tremorflow.spectrogram import SpectrogramSettings
from tremorflow.traveltime import read_velocity_model, station_travel_times

HOURS = 4
STATIONS = ("N.S4N20", "N.S4N21", "N.S4N19", "N.S4N13")


@pytest.fixture(scope="module")
def simulation():
    return prepare_simulation(
        make_scenario(
            {
                "name": "labels",
                "seed": 4,
                "duration_s": HOURS * 3600.0,
                "sampling_rate_hz": 25.0,
                "network": {"name": "snet", "select": STATIONS},
                "tremor": [
                    {
                        "kind": "bursts",
                        "bursts": [(600.0 + 3600 * k, 150.0, 40.2, 143.2, 16.0, 3e6) for k in range(3)],
                    }
                ],
                "earthquakes": {"enabled": False},
                "nuisances": {"enabled": False},
                "instrument": dict.fromkeys(
                    ("spikes_per_day", "steps_per_day", "dropouts_per_day", "dead_share", "clock_share"), 0
                ) | {"one_component_share": 0},
            }
        )
    )  # fmt: skip


def make_job(simulation, **changes):
    feed = SimulatedWaveforms(simulation)
    model, depths = read_velocity_model("jma2001"), np.arange(0.0, 101.0, 5.0)
    p_times, s_times = (station_travel_times(model, feed.network, depths, 500.0, phase) for phase in "PS")
    start = simulation.grid.start_time
    quake = {
        "time": start + timedelta(11500.0),
        "latitude": 39.9,
        "longitude": 143.4,
        "depth_km": 20.0,
        "magnitude": 3.0,
    }
    job = LabelJob(
        feed,
        (start, start + timedelta(HOURS * 3600.0)),
        simulation.truth.tremor,
        pd.DataFrame([quake]),
        p_times,
        s_times,
        {},
        LabelSettings(tremor_distance_km=80.0, day_shares=(0.0, 0.0)),
        SpectrogramSettings(),
    )
    return replace(job, **changes)


@pytest.fixture(scope="module")
def written(simulation, tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelled")
    outcome = write_archive_dataset(folder, make_job(simulation))
    return outcome, open_dataset(folder)


def windows(dataset, category):
    """Starts of the labelled 120 s, without the margin, as times."""
    rows = dataset.table[dataset.table["trace_category"] == category]
    return rows, pd.to_datetime(rows["trace_start_time"], utc=True).dt.tz_localize(None) + pd.Timedelta(
        30, "s"
    )


def test_tremor_windows_hold_tremor_that_stands_out(written, simulation):
    outcome, dataset = written
    rows, starts = windows(dataset, "tremor")
    assert len(rows) >= 12
    tremor = simulation.truth.tremor
    travel = pd.Timedelta(25, "s")  # S of the farthest station
    for start in starts:
        ends = (tremor["end_time"] + travel).clip(upper=start + pd.Timedelta(120, "s"))
        assert (ends - tremor["start_time"].clip(lower=start) > pd.Timedelta(30, "s")).any()
    assert rows["trace_snr"].min() >= 1.5
    assert (rows["path_ep_distance_km"] < 80).all()
    assert outcome.counts[("train", "tremor")] == len(rows)


def test_noise_windows_are_ten_minutes_from_any_event(written, simulation):
    _, dataset = written
    rows, starts = windows(dataset, "noise")
    assert len(rows) >= 4
    tremor = simulation.truth.tremor
    for start in starts:
        for begin, end in zip(tremor["start_time"], tremor["end_time"], strict=True):
            assert start + pd.Timedelta(120, "s") <= begin - pd.Timedelta(
                590, "s"
            ) or start >= end + pd.Timedelta(590, "s")
    assert rows["trace_snr"].isna().all()


def test_an_earthquake_of_the_catalogue_that_is_not_there_makes_no_label(written):
    """It was put into the catalogue alone: nothing stands out, so its windows are counted and left out."""
    outcome, dataset = written
    assert not (dataset.table["trace_category"] == "earthquake").any()
    assert outcome.skips["reason"].str.contains("earthquake window with SNR below 2").any()
    assert "earthquake window with SNR below 2" in outcome.text()


def test_samples_are_those_of_the_station_and_time(written, simulation):
    _, dataset = written
    batch = next(dataset.batches())
    row = batch.table.iloc[0]
    start = pd.Timestamp(row["trace_start_time"]).tz_localize(None).to_datetime64()
    code = f"{row['station_network_code']}.{row['station_code']}"
    station = simulation.network.codes.index(code)
    first = round((start - simulation.grid.start_time) / np.timedelta64(1, "s") * 25)
    tiles = [simulation.render(station, tile) for tile in range(first // 15000, (first + 4500) // 15000 + 1)]
    motion = np.concatenate(tiles, axis=1)[:, first % 15000 : first % 15000 + 4500]
    assert batch.samples.shape[1:] == (3, 4500)
    for recorded, true in zip(batch.samples[0], motion, strict=True):
        assert np.corrcoef(recorded, true)[0, 1] > 0.99


def test_backgrounds_are_of_the_time_before(written):
    _, dataset = written
    for batch in dataset.batches():
        known = batch.table["trace_context"].to_numpy() > 0
        assert np.isfinite(batch.background[known]).all()
    assert (dataset.table["trace_context"] > 0.5).any()


def test_stations_that_only_test_do_so(simulation, tmp_path):
    settings = LabelSettings(tremor_distance_km=80.0, day_shares=(0.0, 0.0), test_stations=("N.S4N2",))
    write_archive_dataset(tmp_path, make_job(simulation, settings=settings))
    table = open_dataset(tmp_path).table
    tests = table["station_code"].str.startswith("S4N2")
    assert (table["split"][tests] == "test").all()
    assert (table["split"][~tests] == "train").all()
    assert tests.any()
    assert (~tests).any()


def test_catalogues_of_another_time_are_refused_and_stray_events_counted(simulation, tmp_path):
    job = make_job(simulation)
    late = job.tremor.assign(
        **{n: job.tremor[n] + pd.Timedelta(9, "D") for n in ("time", "start_time", "end_time")}
    )
    none = job.earthquakes.iloc[:0]
    with pytest.raises(DataError, match=r"no tremor and no earthquake .* lies between"):
        write_archive_dataset(tmp_path / "a", replace(job, tremor=late, earthquakes=none))
    both = pd.concat([job.tremor, late], ignore_index=True)
    outcome = write_archive_dataset(tmp_path / "b", replace(job, tremor=both, earthquakes=none))
    outside = outcome.skips["reason"] == "tremor outside the span of the archive"
    assert outcome.skips["count"][outside].sum() == len(late)
