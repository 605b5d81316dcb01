from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.signal import hilbert

from tremorflow.errors import SettingsError
from tremorflow.records import utc
from tremorflow.simulate.lfe_library import LfeLibrary, isolate_signals, read_stacks
from tremorflow.simulate.scene import SampleGrid, Scene
from tremorflow.simulate.semireal import (
    SemiRealSettings,
    SemiRealTremor,
    draw_semi_real,
    read_lfe_library,
    split_bursts,
)
from tremorflow.truth import truth_table

START = utc("2020-01-01T00:00:00Z")
FAMILY = "MF2"


@pytest.fixture(scope="module")
def settings(shared_data):
    return SemiRealSettings(library=str(shared_data / "lfe"), select=(FAMILY,))


@pytest.fixture(scope="module")
def library(settings) -> LfeLibrary:
    return read_lfe_library(settings.library, settings)


def scene_of(library, rate_hz=20.0, network=None, duration_s=3600.0):
    network = network or library.network
    known = dict(zip(library.network.codes, 1e-8 * np.arange(1, len(library.network) + 1), strict=True))
    noise = np.array([known.get(code, 5e-8) for code in network.codes])
    return Scene(network, SampleGrid(START, duration_s, rate_hz), 3, noise)


def tremor_of(library, settings, scene, times_s, template=0):
    """One burst of LFEs at these source times."""
    name = f"semi-1|{library.templates[template]}"
    rows = [{"burst_id": name, "time": scene.grid.utc(time)} for time in times_s]
    tremor = truth_table("tremor", [{"burst_id": name}])
    return SemiRealTremor(scene, library, tremor, truth_table("lfe", rows), settings)


def strong_stations(tremor):
    return [k for k in range(len(tremor.scene.network)) if np.isfinite(tremor.spans_s(k)).all()]


def test_burst_of_one_lfe_returns_the_stack(library, settings):
    scene = scene_of(library)
    tremor = tremor_of(library, settings, scene, [100.0])
    signals = isolate_signals(library.waveforms, library.p_times_s, settings.min_stack_snr)
    stations = strong_stations(tremor)
    assert len(stations) >= 5
    for k in stations:
        event = tremor.motion(0, k)
        first = round((100.0 - library.origins_s[0]) * 20) - event.first_sample
        got, stack = event.motion[:, first : first + 1201], signals[0, k]
        scale = np.sum(got * stack) / np.sum(stack**2)
        assert np.abs(got - scale * stack).max() < 1e-4 * np.abs(got).max()
        raw = library.waveforms[0, k]  # and the strongest 5 s are those of the stack as it was stored
        peak = np.argmax(np.abs(signals[0, k]).max(axis=0))
        part = slice(peak - 40, peak + 60)
        assert np.corrcoef(got[:, part].ravel(), raw[:, part].ravel())[0, 1] > 0.97


def test_moveout_between_stations_is_that_of_the_stacks(library, settings):
    scene = scene_of(library, rate_hz=100.0)
    tremor = tremor_of(library, settings, scene, [200.0])
    arrivals, stored = [], []
    for k in strong_stations(tremor)[:6]:
        event = tremor.motion(0, k)
        power = (np.abs(hilbert(event.motion.astype(float))) ** 2).sum(axis=0)
        arrivals.append((event.first_sample + np.average(np.arange(len(power)), weights=power**2)) / 100)
        raw = isolate_signals(library.waveforms, library.p_times_s, settings.min_stack_snr)[0, k].astype(
            float
        )
        power = (np.abs(hilbert(raw)) ** 2).sum(axis=0)
        stored.append(np.average(np.arange(len(power)), weights=power**2) / 20)
    delays = np.array(arrivals) - np.array(stored)
    assert np.ptp(np.array(stored)) > 1  # there is a moveout to keep
    assert np.ptp(delays) < 0.01
    assert delays.mean() == pytest.approx(200 - library.origins_s[0], abs=0.03)


def test_source_times_agree_between_templates_that_detected_the_same_lfes(shared_data, settings):
    # two templates of a family find the same LFEs; their stacks start at different times after the source
    library = read_lfe_library(settings.library, replace(settings, select=("017",)))
    table = pd.read_csv(shared_data / "lfe" / "times_ducellier_2007_2009.csv.gz", dtype={"template": str})
    seconds = pd.to_datetime(table["time"]).to_numpy("datetime64[ms]").astype(np.int64) / 1000
    differences = []
    for k in range(1, len(library.templates)):
        first, other = (seconds[table["template"] == library.templates[j]] for j in (0, k))
        lags = (other[:, None] - first).ravel()
        counts, edges = np.histogram(lags[np.abs(lags) < 30], np.arange(-30, 30.1, 0.5))
        found = edges[counts.argmax()] + 0.25  # where detections coincide
        differences.append(found - (library.origins_s[0] - library.origins_s[k]))
    assert len(differences) == 4
    assert np.abs(differences).max() < 0.8


def test_bursts_add_up(library, settings):
    scene = scene_of(library, rate_hz=25.0)
    together = tremor_of(library, settings, scene, [100.0, 107.35, 118.0])
    sizes = together._sizes[0]
    station = strong_stations(together)[0]
    whole = together.motion(0, station)
    total = np.zeros(whole.motion.shape)
    for time, size in zip([100.0, 107.35, 118.0], sizes, strict=True):
        alone = tremor_of(library, settings, scene, [time])
        part = alone.motion(0, station)
        shift = part.first_sample - whole.first_sample
        n = min(part.motion.shape[1], total.shape[1] - shift)
        total[:, shift : shift + n] += part.motion[:, :n] * (size / alone._sizes[0][0])
    assert np.abs(total - whole.motion).max() < 2e-3 * np.abs(whole.motion).max()


def test_sampling_rates_show_the_same_motion(library, settings):
    motions = {}
    for rate in (25.0, 62.5, 100.0):
        tremor = tremor_of(library, settings, scene_of(library, rate), [100.0, 111.15])
        event = tremor.motion(0, strong_stations(tremor)[0])
        times = (event.first_sample + np.arange(event.motion.shape[1])) / rate
        motions[rate] = times, event.motion
    for rate in (25.0, 62.5):
        at = np.isclose(motions[rate][0] % 2, 0)  # samples that all of them have
        fine = np.interp(motions[rate][0][at], motions[100.0][0], motions[100.0][1][0])
        assert np.abs(motions[rate][1][0, at] - fine).max() < 1e-5 * np.abs(motions[100.0][1]).max()


def test_nothing_moves_before_the_p_wave(library, settings):
    tremor = tremor_of(library, settings, scene_of(library), [100.0])
    for k in strong_stations(tremor):
        event = tremor.motion(0, k)
        p_s = 100.0 - library.origins_s[0] + library.p_times_s[0, k]
        before = round((p_s - 1.6) * 20) - event.first_sample
        assert np.abs(event.motion[:, :before]).max() < 1e-4 * np.abs(event.motion).max()


def test_stations_without_stack_or_left_out_change_nothing_else(library, settings):
    scene = scene_of(library)
    whole = tremor_of(library, settings, scene, [100.0, 104.0])
    stations = strong_stations(whole)
    stranger = replace(library.network.stations[0], station="XXX")
    fewer = replace(
        library.network, stations=(stranger, *(library.network.stations[k] for k in stations[1:]))
    )
    part = tremor_of(library, settings, scene_of(library, network=fewer), [100.0, 104.0])
    assert np.isnan(part.spans_s(0)).all()
    for number, k in enumerate(stations[1:], start=1):
        assert np.array_equal(part.motion(0, number).motion, whole.motion(0, k).motion)


def test_spans_hold_all_motion(library, settings):
    tremor = tremor_of(library, settings, scene_of(library, 25.0), [100.0, 130.0])
    for k in strong_stations(tremor):
        event = tremor.motion(0, k)
        first, last = tremor.spans_s(k)[0]
        moving = np.flatnonzero(np.abs(event.motion).max(axis=0) > 1e-3 * np.abs(event.motion).max())
        times = (event.first_sample + moving) / 25
        assert first <= times[0]
        assert times[-1] <= last


def test_expected_snr_is_the_snr_of_the_samples(library, settings):
    scene = scene_of(library, 25.0)
    tremor = tremor_of(library, settings, scene, [100.0 + 20 * k for k in range(6)])
    ratios = []
    for k in strong_stations(tremor):
        power = (tremor.motion(0, k).motion.astype(float) ** 2).sum(axis=0)
        running = np.convolve(power, np.ones(3000) / 3000)[:-2999].max()
        ratios.append(np.sqrt(running) / scene.noise_rms[k] / tremor.snr()[0, k])
    assert np.median(ratios) == pytest.approx(1.1, abs=0.15)  # the stacks reach a little beyond 2-8 Hz
    best = np.nanmax(tremor.snr()[0])
    mean_size = np.sqrt((tremor._sizes[0] ** 2).sum())
    assert best == pytest.approx(mean_size * np.sqrt(5 / 120), rel=0.5)  # 5 s of an LFE in 120 s


def test_model_amplitudes_fall_with_distance(library, settings):
    tremor = tremor_of(library, replace(settings, amplitude="model"), scene_of(library), [100.0])
    places = library.network
    stations = strong_stations(tremor)
    east = (places.longitudes - library.longitudes[0]) * 85.8  # km per degree at 39.5 N
    north = (places.latitudes - library.latitudes[0]) * 111.0
    distance = np.sqrt(east**2 + north**2 + library.depths_km[0] ** 2)
    snr = tremor.snr()[0] * tremor.scene.noise_rms
    order = sorted(stations, key=lambda k: distance[k])
    assert snr[order[0]] > 1.5 * snr[order[-1]]


def test_bursts_end_at_gaps_and_after_five_minutes():
    assert split_bursts(np.array([0.0, 29.9, 59.9, 80.0])) == [(0, 2), (2, 4)]
    steady = np.arange(0, 900, 10.0)
    pieces = split_bursts(steady)
    assert sum(last - first for first, last in pieces) == len(steady)
    assert all(steady[last - 1] - steady[first] < 300 for first, last in pieces)
    assert len(pieces) == 3
    assert split_bursts(np.zeros(0)) == []


def test_real_times_are_kept(shared_data, settings):
    path = shared_data / "lfe" / "times_ducellier_2007_2009.csv.gz"
    real = replace(settings, select=(), times=str(path))
    library = read_lfe_library(real.library, real)
    grid = SampleGrid(START, 3600.0, 25.0)
    tremor, lfe = draw_semi_real(real, library, library.network, grid, 1)
    assert 100 < len(lfe) < 281  # 280 detections in that hour, several of one LFE
    assert tremor["n_lfe"].sum() == len(lfe)
    assert tremor["energy_j"].isna().all()
    assert ((tremor["end_time"] - tremor["start_time"]).dt.total_seconds() <= 300).all()
    assert tremor["time"].between(tremor["start_time"], tremor["end_time"]).all()
    again = draw_semi_real(real, library, library.network, replace(grid, rate_hz=100.0), 1)[0]
    pd.testing.assert_frame_equal(tremor, again)
    by_name = replace(real, times="elsewhere/times_ducellier_2007_2009.csv.gz")  # found in the library
    pd.testing.assert_frame_equal(tremor, draw_semi_real(by_name, library, library.network, grid, 1)[0])


def test_drawn_times_have_the_rate_that_was_asked_for(library, settings):
    grid = SampleGrid(START, 86400.0, 25.0)
    asked = replace(settings, rate_per_hour=60.0, clustering=0.5)
    lfe = draw_semi_real(asked, library, library.network, grid, 1)[1]
    assert len(lfe) == pytest.approx(60 * 24, rel=0.15)
    lags = np.diff(np.sort(lfe["time"].to_numpy())) / np.timedelta64(1, "s")
    assert lags.std() > 1.05 * lags.mean()  # clustered, more than a Poisson process


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"library": "nowhere"}, r"semi_real\.library"),
        ({"select": ("no such family",)}, r"semi_real\.select"),
        ({"stations": ("NOPE",)}, r"semi_real\.stations"),
        ({"times": "nowhere.csv"}, r"semi_real\.times"),
    ],
)
def test_bad_values_are_refused_with_their_key(settings, change, key):
    bad = replace(settings, **change)

    def draw():
        library = read_lfe_library(bad.library, bad)
        return draw_semi_real(bad, library, library.network, SampleGrid(START, 60.0, 25.0), 1)

    with pytest.raises(SettingsError, match=key):
        draw()


def test_real_start_without_any_lfe_is_refused_with_its_key(shared_data, library, settings):
    path = shared_data / "lfe" / "times_plourde2015.csv.gz"
    bad = replace(settings, times=str(path), real_start="1999-01-01T00:00:00Z")
    with pytest.raises(SettingsError, match=r"semi_real\.real_start"):
        draw_semi_real(bad, library, library.network, SampleGrid(START, 60.0, 25.0), 1)


def test_stacks_of_one_component_are_read_if_asked_for(tmp_path):
    rows = dict(zip(("Z", "HHE", "HHN", "HHZ"), np.eye(4, 1201, dtype=np.float32), strict=True))
    three = {f"a|B|{channel}": rows[channel] for channel in ("HHE", "HHN", "HHZ")}
    np.savez(tmp_path / "templates_x.npz", **{"a|A|SHZ": rows["Z"], "a|B|EHZ": rows["Z"]} | three)
    whole = read_stacks(tmp_path, ["a"], ["A", "B"])
    every = read_stacks(tmp_path, ["a"], ["A", "B"], fewest=1)
    assert np.isnan(whole[0, 0]).all()
    assert np.isnan(every[0, 0, :2]).all()
    assert_array_equal(every[0, 0, 2], rows["Z"])
    for stacks in (whole, every):  # of B the instrument that has all three
        assert_array_equal(stacks[0, 1], np.stack([rows[name] for name in ("HHE", "HHN", "HHZ")]))


def test_noise_of_a_stack_is_taken_away_whatever_components_it_has():
    rng = np.random.default_rng(5)
    stacks = rng.standard_normal((1, 1, 3, 1201)).astype(np.float32)
    pulse = 20 * np.exp(-0.5 * ((np.arange(1201) - 700) / 20) ** 2) * rng.standard_normal(1201)
    stacks += pulse.astype(np.float32)
    for missing in ([], [0, 1]):
        stacks[0, 0, missing] = np.nan
        signal = isolate_signals(stacks, np.array([[30.0]]), 2.0)[0, 0]
        assert np.isnan(signal[missing]).all()
        there = np.delete(signal, missing, axis=0)
        assert (there[:, : round(28.4 * 20)] == 0).all()  # nothing moves before P
        assert (
            np.abs(there[:, 680:720] - np.delete(stacks[0, 0], missing, axis=0)[:, 680:720]).max() < 0.1 * 20
        )
        assert (there[:, 900:] ** 2).mean() < 0.2  # of 1 that is there


def test_hum_that_swells_before_p_already_is_no_signal():
    rng = np.random.default_rng(6)
    times = np.arange(1201) / 20
    noise = 0.05 * rng.standard_normal((1, 1, 3, 1201))
    hum = np.sin(2 * np.pi * 4.2 * times) * np.exp(-0.5 * ((times - 32) / 12) ** 2)
    pulse = np.sin(2 * np.pi * 4.2 * times) * np.exp(-0.5 * ((times - 38) / 1) ** 2)
    for motion, counts in ((hum, False), (pulse, True)):
        signal = isolate_signals((noise + motion).astype(np.float32), np.array([[30.0]]), 2.0)
        assert np.isfinite(signal).all() == counts


def test_broken_libraries_are_refused_with_their_key(tmp_path):
    (tmp_path / "families.csv").write_text("template,family,latitude,longitude,depth_km\na,f,40,-123,35\n")
    with pytest.raises(SettingsError, match=r"semi_real\.library.*stations\.csv"):
        read_lfe_library(tmp_path)
    (tmp_path / "stations.csv").write_text("network,station,latitude,longitude\nXX,A,40.1,-123\n")
    with pytest.raises(SettingsError, match=r"semi_real\.library.*templates_"):
        read_lfe_library(tmp_path)
    np.savez(tmp_path / "templates_x.npz", **{"a|A|BHE": np.ones(100, dtype=np.float32)})
    with pytest.raises(SettingsError, match=r"semi_real\.library.*1201 samples"):
        read_lfe_library(tmp_path)
    np.savez(tmp_path / "templates_x.npz", **{"a|A|BHE": np.ones(1201, dtype=np.float32)})
    with pytest.raises(SettingsError, match=r"semi_real\.library.*three-component"):
        read_lfe_library(tmp_path)
    (tmp_path / "families.csv").write_text("template,family\na,f\n")
    with pytest.raises(SettingsError, match=r"semi_real\.library.*latitude"):
        read_lfe_library(tmp_path)
