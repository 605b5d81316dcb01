"""Labels of an archive against the truth of a simulated one: what is called tremor is tremor."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("h5py", reason="needs the extra dev or train (h5py)")

from tremorflow.batch.archive_dataset import LabelJob, measure_snr, write_archive_dataset
from tremorflow.batch.catalogue_labels import Catalogues, tremor_spans_s
from tremorflow.batch.classify import read_spectrograms
from tremorflow.batch.recordings import Tally
from tremorflow.batch.simulated import SimulatedWaveforms
from tremorflow.classifier.dataset import open_dataset
from tremorflow.classifier.inputs import cut_windows
from tremorflow.classifier.labels import LabelSettings
from tremorflow.errors import DataError
from tremorflow.records import Network, Spectrograms, Station, seconds, timedelta
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
                "start": "2022-07-31T22:48:00Z",  # the second burst goes on over midnight
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


def make_job(simulation, span_s=HOURS * 3600.0, **changes):
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
    catalogues = Catalogues(simulation.truth.tremor, pd.DataFrame([quake]), p_times, s_times)
    if "tremor" in changes or "earthquakes" in changes:
        given = {key: changes.pop(key) for key in ("tremor", "earthquakes") if key in changes}
        catalogues = replace(catalogues, **given)
    job = LabelJob(
        feed,
        (start, start + timedelta(span_s)),
        catalogues,
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


def test_backgrounds_are_those_that_classify_would_have_had(written, simulation):
    _, dataset = written
    job = make_job(simulation)
    batch = next(dataset.batches())
    for row in np.flatnonzero(batch.table["trace_context"] > 0.3)[::7]:
        found = batch.table.iloc[row]
        start = np.datetime64(found["trace_start_time"].rstrip("Z"), "ns") + timedelta(30.0)
        station = job.feed.network.codes.index(f"{found['station_network_code']}.{found['station_code']}")
        span = start - timedelta(3600.0), start + timedelta(125.0)
        spectrograms = read_spectrograms(job.feed, station, span, job.spectrogram, {})
        spectra = cut_windows(spectrograms, np.array([start]), job.spectrogram)
        np.testing.assert_allclose(batch.background[row], spectra.background[0], atol=0.02)
        assert found["trace_context"] == pytest.approx(float(spectra.context[0]), abs=0.02)
    assert (dataset.table["trace_context"] > 0.5).any()


def test_tremor_begins_when_s_arrives(written, simulation):
    """Of every label, S of its burst, as the velocity model has it, covers 30 s however it is shifted."""
    _, dataset = written
    job, tremor = make_job(simulation), simulation.truth.tremor
    rows, starts = windows(dataset, "tremor")
    places = (tremor[name].to_numpy() for name in ("latitude", "longitude", "depth_km"))
    travel_s = job.catalogues.s_times.times(*places)
    for start, code in zip(starts, rows["station_code"], strict=True):
        station = [one.station for one in job.feed.network.stations].index(code)
        begin, end = (
            (tremor[name] - start) / pd.Timedelta(1, "s") + travel_s[station]
            for name in ("start_time", "end_time")
        )
        for shift in (-30, 0, 30):
            cover = np.minimum(end, 120 + shift) - np.maximum(begin, shift)
            assert cover.max() >= 30 - 1e-3


def test_windows_of_earthquakes_hold_an_onset(tmp_path):
    simulation = prepare_simulation(
        make_scenario(
            {
                "name": "quakes",
                "seed": 5,
                "duration_s": 2 * 3600.0,
                "sampling_rate_hz": 25.0,
                "network": {"name": "snet", "select": STATIONS},
                "tremor": [],
                "earthquakes": {
                    "rate_per_day": 2000.0, "margin_km": 30.0, "magnitude_min": 2.3, "aftershocks": False,
                    "regional_per_day": 0.0, "teleseisms_per_day": 0.0,
                },
                "nuisances": {"enabled": False},
            }
        )
    )  # fmt: skip
    truth = simulation.truth.earthquakes
    none = pd.DataFrame(columns=["time", "latitude", "longitude", "depth_km", "magnitude"]).astype(
        {"time": "datetime64[ns]"}
    )
    job = make_job(simulation, tremor=none, earthquakes=truth, span_s=7200.0)
    write_archive_dataset(tmp_path, job)
    rows, starts = windows(open_dataset(tmp_path), "earthquake")
    assert len(rows) >= 8
    places = [truth[name].to_numpy() for name in ("latitude", "longitude", "depth_km")]
    stations = [one.station for one in job.feed.network.stations]
    times = [one.times(*places) for one in (job.catalogues.p_times, job.catalogues.s_times)]
    for start, code in zip(starts, rows["station_code"], strict=True):
        origin_s = ((truth["time"] - start) / pd.Timedelta(1, "s")).to_numpy()
        onsets = np.concatenate([origin_s + one[stations.index(code)] for one in times])
        assert ((onsets >= 30) & (onsets < 90)).any()  # also if it is shifted by 30 s


def with_feed(job, change):
    """Job whose recordings are changed: ``change`` (waveforms) gives others."""

    class Changed:
        network = job.feed.network

        def read(self, stations, begin, end):
            for reading in job.feed.read(stations, begin, end):
                waveforms = reading.waveforms
                yield reading._replace(waveforms=waveforms and change(waveforms))

    return replace(job, feed=Changed())


def noise_starts_s(simulation, folder, change):
    write_archive_dataset(folder, with_feed(make_job(simulation), change))
    _, starts = windows(open_dataset(folder), "noise")
    return ((starts - pd.Timestamp(simulation.grid.start_time)) / pd.Timedelta(1, "s")).to_numpy()


def test_what_no_catalogue_explains_is_no_noise(simulation, tmp_path):
    def banged(waveforms):
        after = seconds(waveforms.start_time - simulation.grid.start_time)
        times = after + np.arange(waveforms.samples.shape[-1]) / 25
        blow = (times > 1300) & (times < 3600) & (times % 90 < 1.5)
        loud = 50 * np.nanstd(np.diff(waveforms.samples, axis=-1))
        noise = np.random.default_rng(1).normal(0, loud, waveforms.samples.shape)
        return replace(waveforms, samples=waveforms.samples + np.where(blow, noise, 0))

    plain = noise_starts_s(simulation, tmp_path / "plain", lambda waveforms: waveforms)
    starts = noise_starts_s(simulation, tmp_path / "banged", banged)
    assert ((plain > 1400) & (plain < 3300)).any()
    assert not ((starts > 1400) & (starts < 3300)).any()
    assert len(starts)


def test_gaps_do_not_keep_noise_from_being_noise(simulation, tmp_path):
    """They are in windows of all classes, or a gap would tell the class."""

    def gappy(waveforms):
        after = seconds(waveforms.start_time - simulation.grid.start_time)
        times = after + np.arange(waveforms.samples.shape[-1]) / 25
        return replace(waveforms, samples=np.where(times % 100 < 3, np.nan, waveforms.samples))

    write_archive_dataset(tmp_path, with_feed(make_job(simulation), gappy))
    counts = open_dataset(tmp_path).table["trace_category"].value_counts()
    assert counts["noise"] >= 4
    assert counts["tremor"] >= 12


def test_stations_that_only_test_do_so(simulation, tmp_path):
    settings = LabelSettings(tremor_distance_km=80.0, day_shares=(0.0, 0.0), test_stations=("N.S4N2",))
    write_archive_dataset(tmp_path, make_job(simulation, settings=settings))
    table = open_dataset(tmp_path).table
    tests = table["station_code"].str.startswith("S4N2")
    assert (table["split"][tests] == "test").all()
    assert (table["split"][~tests] == "train").all()
    assert tests.any()
    assert (~tests).any()


def test_test_stations_that_are_none_and_spans_without_a_window_are_refused(simulation, tmp_path):
    settings = LabelSettings(test_stations=("S4N2",))
    with pytest.raises(DataError, match=r"no station begins with 'S4N2'; give codes like N\.S4"):
        write_archive_dataset(tmp_path, make_job(simulation, settings=settings))
    with pytest.raises(DataError, match="no whole window"):
        write_archive_dataset(tmp_path, make_job(simulation, span_s=100.0))


def test_test_stations_test_on_days_that_nothing_trains_on(simulation, tmp_path):
    settings = LabelSettings(tremor_distance_km=80.0, day_shares=(0.0, 0.5), test_stations=("N.S4N2",))
    write_archive_dataset(tmp_path, make_job(simulation, settings=settings))
    table = open_dataset(tmp_path).table
    assert set(table["split"]) == {"train", "test"}
    days = {split: set(part["trace_group"]) for split, part in table.groupby("split")}
    assert not days["train"] & days["test"]
    assert table["station_code"][table["split"] == "test"].str.startswith("S4N2").any()


def test_no_window_nor_its_margin_lies_on_two_days(written):
    """Days are split: half of a window that trains must not be in one that tests."""
    _, dataset = written
    begin = pd.to_datetime(dataset.table["trace_start_time"], utc=True)
    assert (begin.dt.date == (begin + pd.Timedelta(179, "s")).dt.date).all()
    assert begin.dt.date.nunique() == 2


def test_no_station_has_more_windows_of_a_class_than_the_cap(simulation, tmp_path):
    settings = LabelSettings(tremor_distance_km=80.0, day_shares=(0.0, 0.0), cap=2)
    write_archive_dataset(tmp_path, make_job(simulation, settings=settings))
    counts = open_dataset(tmp_path).table.groupby(["station_code", "trace_category"]).size()
    assert counts.max() == 2


def test_no_station_has_more_noise_than_signals(written):
    _, dataset = written
    counts = dataset.table.groupby(["station_code", "trace_category"]).size().unstack(fill_value=0)
    assert (counts["noise"] <= counts["tremor"]).all()
    assert counts["noise"].sum() > 0


def test_catalogues_of_another_time_are_refused_and_stray_events_counted(simulation, tmp_path):
    tremor = simulation.truth.tremor
    late = tremor.assign(**{n: tremor[n] + pd.Timedelta(9, "D") for n in ("time", "start_time", "end_time")})
    none = make_job(simulation).catalogues.earthquakes.iloc[:0]
    with pytest.raises(DataError, match=r"no tremor and no earthquake .* lies between"):
        write_archive_dataset(tmp_path / "a", make_job(simulation, tremor=late, earthquakes=none))
    both = pd.concat([tremor, late], ignore_index=True)
    outcome = write_archive_dataset(tmp_path / "b", make_job(simulation, tremor=both, earthquakes=none))
    outside = outcome.skips["reason"] == "tremor outside the span of the archive"
    assert outcome.skips["count"][outside].sum() == len(late)


def test_a_catalogue_without_length_and_depth_still_labels(simulation, tmp_path):
    """As the PNSN gives them: a time and a place, and nothing else."""
    bare = simulation.truth.tremor[["latitude", "longitude"]].assign(
        time=simulation.truth.tremor["start_time"] - pd.Timedelta(60, "s"), depth_km=np.nan
    )
    settings = LabelSettings(
        tremor_distance_km=80.0, day_shares=(0.0, 0.0), tremor_time="start", tremor_s=300.0
    )
    outcome = write_archive_dataset(tmp_path, make_job(simulation, tremor=bare, settings=settings))
    assert outcome.counts["train", "tremor"] >= 12
    assert "tremor without duration: 300 s assumed" in set(outcome.skips["reason"])


def test_spans_of_tremor_follow_from_what_a_catalogue_has():
    start = np.datetime64("2020-01-01T00:00:00", "ns")
    times = pd.to_datetime(["2020-01-01T00:10:00"] * 3)
    table = pd.DataFrame(
        {
            "time": times,
            "start_time": pd.to_datetime(["2020-01-01T00:09:00", None, None]),
            "end_time": pd.to_datetime(["2020-01-01T00:12:00", None, None]),
            "duration_s": [np.nan, 100.0, np.nan],
        }
    )
    tally = Tally()
    found = tremor_spans_s(table, start, LabelSettings(), tally)
    np.testing.assert_allclose(found, [[540, 720], [500, 700], [450, 750]])  # a half-value width, doubled
    found = tremor_spans_s(table, start, LabelSettings(tremor_time="start"), tally)
    np.testing.assert_allclose(found, [[540, 720], [600, 800], [600, 900]])
    begins = table.assign(start_time=times, end_time=pd.NaT, duration_s=[100.0, 100.0, 10.0])
    found = tremor_spans_s(begins, start, LabelSettings(), tally := Tally())
    np.testing.assert_allclose(found, [[600, 800], [600, 800], [600, 620]])
    assert list(tally.table()["reason"]) == ["tremor shorter than 30 s: labels no window alone"]


def test_shallow_and_deep_earthquakes_keep_windows_from_being_noise(simulation, tmp_path):
    quake = make_job(simulation).catalogues.earthquakes
    for depth_km, magnitude in ((-0.5, 3.0), (400.0, 6.0)):
        other = quake.assign(depth_km=depth_km, magnitude=magnitude)
        folder = tmp_path / f"{depth_km:g}"
        write_archive_dataset(folder, make_job(simulation, earthquakes=other))
        _, starts = windows(open_dataset(folder), "noise")
        assert len(starts)
        after = (starts - quake["time"].iloc[0]) / pd.Timedelta(1, "s")
        assert not ((after > -600) & (after < 600)).any()


def test_a_component_that_recorded_briefly_does_not_spoil_the_snr():
    rng = np.random.default_rng(1)
    log_power = rng.normal(-4, 0.1, (1, 3, 27, 7200)).astype(np.float32)
    log_power[..., 3600:3720] += 2.0
    start = np.datetime64("2020-01-01T00:00:00", "ns")
    spectrograms = Spectrograms(
        Network((Station("XX", "A", 0.0, 0.0, 0.0),)), log_power, np.arange(1.5, 8.1, 0.25), start, 4.0, 1.0,
        "m/s",
    )  # fmt: skip
    wanted = np.array([start + np.timedelta64(3600, "s")])
    whole = measure_snr(spectrograms, wanted, SpectrogramSettings())[0]
    log_power[0, 0, :, 20:] = np.nan
    brief = measure_snr(spectrograms, wanted, SpectrogramSettings())[0]
    assert whole == pytest.approx(np.sqrt(99), rel=0.1)
    assert brief == pytest.approx(whole, rel=0.1)


def test_recordings_that_are_too_slow_make_no_windows(simulation, tmp_path):
    """Resampled to 25 Hz they would look whole: nothing is above 4 Hz in them."""

    def slow(waveforms):
        return replace(waveforms, samples=waveforms.samples[..., ::2], sampling_rate_hz=12.5)

    outcome = write_archive_dataset(tmp_path, with_feed(make_job(simulation), slow))
    assert not outcome.counts
    assert outcome.skips["reason"].str.contains("a sampling rate of 12.5 Hz").any()
