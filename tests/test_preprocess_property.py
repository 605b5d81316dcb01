"""What holds for any recording: scale, shift, order of stations, gaps, and recordings that are no good."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.errors import DataError
from tremorflow.preprocess import (
    PreprocessSettings,
    bandpass,
    compute_envelopes,
    context_s,
    find_bad_samples,
    join_envelopes,
    mask_samples,
    remove_response,
    remove_sensitivity,
    resample,
    select_components,
)
from tremorflow.records import Channel, Network, Station, Waveforms, utc

SETTINGS = PreprocessSettings()
START = "2020-05-24T02:00:00Z"
NOISE = np.random.default_rng(5).standard_normal((3, 3, 6000))


def recording(samples, rate_hz=50.0, start=START, components=("E", "N", "Z"), unit="m/s", first=0):
    samples = np.asarray(samples)
    per_station = len(components) * samples.shape[-1]
    samples = samples.reshape(samples.size // max(per_station, 1) or 1, len(components), samples.shape[-1])
    network = Network(tuple(Station("XX", f"S{first + i}", 48.0, -123.0, 0.0) for i in range(len(samples))))
    return Waveforms(network, components, samples, utc(start), rate_hz, unit)


@settings(max_examples=20)
@given(st.floats(-12, 12).filter(lambda x: abs(x) > 1e-3), st.sampled_from([np.float32, np.float64]))
def test_envelope_scales_with_the_recording(exponent, dtype):
    factor = -(10.0**exponent)
    once = compute_envelopes(recording(NOISE[0].astype(dtype)), SETTINGS).values
    scaled = compute_envelopes(recording((factor * NOISE[0]).astype(dtype)), SETTINGS).values
    np.testing.assert_allclose(scaled, -factor * once, rtol=1e-4 if dtype == np.float32 else 1e-9)


@settings(max_examples=10)
@given(st.integers(1, 10**6), st.floats(-1e6, 1e6), st.floats(-100, 100))
def test_envelope_moves_with_the_recording_and_knows_no_offset_or_trend(shift_s, offset, slope):
    later = utc(START) + np.timedelta64(shift_s, "s")
    once = compute_envelopes(recording(NOISE[0]), SETTINGS)
    line = offset + slope * np.arange(6000) / 50.0
    moved = compute_envelopes(recording(NOISE[0] + line, start=str(later)), SETTINGS)
    assert moved.start_time - once.start_time == np.timedelta64(shift_s, "s")
    np.testing.assert_allclose(moved.values, once.values, rtol=1e-6)


@settings(max_examples=10)
@given(st.permutations(range(3)))
def test_order_of_stations_changes_no_bit(order):
    noise = recording(NOISE.astype(np.float32))
    straight = compute_envelopes(noise, SETTINGS)
    shuffled = Waveforms(
        noise.network.subset(order), noise.components, noise.samples[order], noise.start_time, 50.0, "m/s"
    )
    got = compute_envelopes(shuffled, SETTINGS)
    assert got.network.codes == tuple(straight.network.codes[i] for i in order)
    np.testing.assert_array_equal(got.values, straight.values[order])


def gaps(n_times):
    pairs = st.tuples(st.integers(0, n_times - 1), st.integers(1, 400))
    return st.lists(pairs, min_size=1, max_size=4)


@settings(max_examples=40)
@given(gaps(6000), st.sampled_from([(50.0, 25.0), (20.0, 25.0), (100.0, 25.0), (62.5, 25.0), (50.0, 50.0)]))
def test_samples_away_from_gaps_are_those_of_the_whole_recording(places, rates):
    """And what a gap touches is NaN: nothing in between."""
    old_hz, new_hz = rates
    whole = NOISE[0, :1] + 50.0
    broken = whole.copy()
    for first, length in places:
        broken[:, first : first + length] = np.nan

    def passed(samples):
        return bandpass(resample(recording(samples, old_hz, components=("E",)), new_hz), SETTINGS).samples[
            0, 0
        ]

    complete, gappy = passed(whole), passed(broken)
    there = np.isfinite(gappy)
    np.testing.assert_allclose(gappy[there], complete[there], atol=1e-4)
    # Every sample whose surroundings are recorded is kept.
    reach_s = context_s(SETTINGS) - 9.0
    times = np.arange(len(gappy)) / new_hz
    missing = np.concatenate([[-1e-9, 6000 / old_hz], np.flatnonzero(np.isnan(broken[0])) / old_hz])
    distance = np.abs(times[:, None] - missing[None, :]).min(axis=1)
    assert there[distance > reach_s].all()
    assert not there[distance < 3.0].any()


@settings(max_examples=30)
@given(st.integers(0, 5500), st.integers(1, 500))
def test_envelope_far_from_a_gap_is_unchanged_and_near_it_unbiased(first, length):
    broken = NOISE[0].copy()
    broken[:, first : first + length] = np.nan
    complete = compute_envelopes(recording(NOISE[0]), SETTINGS).by_station()[0]
    gappy = compute_envelopes(recording(broken), SETTINGS).by_station()[0]
    seconds = np.arange(len(gappy))
    away = (seconds < first / 50 - context_s(SETTINGS)) | (
        seconds > (first + length) / 50 + context_s(SETTINGS)
    )
    np.testing.assert_allclose(gappy[away], complete[away], rtol=1e-6)
    assert not np.isfinite(gappy[(seconds >= first / 50) & (seconds <= (first + length) / 50)]).any()
    near = np.isfinite(gappy) & np.isfinite(complete)
    assert np.abs(np.log(gappy[near] / complete[near])).max() < 0.7


@settings(max_examples=30)
@given(gaps(6000), st.integers(0, 999))
def test_envelope_of_a_steady_tone_is_its_rms_between_any_gaps(places, start_ms):
    tone = np.sin(2 * np.pi * 4 * np.arange(6000) / 50.0)
    for first, length in places:
        tone[first : first + length] = np.nan
    start = utc(START) + np.timedelta64(start_ms, "ms")
    values = compute_envelopes(recording(tone, start=str(start), components=("E",)), SETTINGS).values
    np.testing.assert_allclose(values[np.isfinite(values)], np.sqrt(0.5), rtol=0.005)


@settings(max_examples=25)
@given(st.integers(100, 3000), st.integers(1500, 2500), st.sampled_from([50.0, 40.0, 62.5]), st.booleans())
def test_piece_with_context_equals_the_whole(first, length, rate_hz, single):
    noise = NOISE[0].astype(np.float32 if single else np.float64) + 100.0
    whole = compute_envelopes(recording(noise, rate_hz), SETTINGS)
    start = utc(START) + np.timedelta64(round(first / rate_hz * 1e9), "ns")
    piece = compute_envelopes(recording(noise[:, first : first + length], rate_hz, str(start)), SETTINGS)
    at = int((piece.start_time - whole.start_time) / np.timedelta64(1, "s"))
    times = (piece.start_time - start) / np.timedelta64(1, "s") + np.arange(piece.values.shape[-1])
    inner = (times >= context_s(SETTINGS)) & (times <= length / rate_hz - context_s(SETTINGS))
    expected = whole.values[0, :, at : at + len(times)][:, inner]
    np.testing.assert_allclose(piece.values[0][:, inner], expected, rtol=2e-4)


def test_response_removal_needs_the_context_it_states():
    channel = Channel("XX", "S0", "", "HNE", "E", sensitivity=2.0, unit="m/s**2")
    counts = recording(NOISE[0, :1], 50.0, components=("E",), unit="count")
    whole = remove_sensitivity(counts, [channel])
    later = str(utc(START) + np.timedelta64(40, "s"))
    part = replace(counts, samples=counts.samples[..., 2000:5000], start_time=utc(later))
    added_s = context_s(SETTINGS, with_response=True) - context_s(SETTINGS)
    piece = remove_sensitivity(part, [channel])
    skip = round(added_s * 50) + 1
    np.testing.assert_allclose(
        piece.samples[0, 0, skip:-skip], whole.samples[0, 0, 2000 + skip : 5000 - skip], atol=2e-9
    )
    assert np.isfinite(piece.samples[0, 0, skip:-skip]).all()


def test_components_fall_back_to_what_is_there():
    samples = NOISE.copy()
    samples[1, :2] = np.nan
    samples[2] = np.nan
    noise = recording(samples)
    assert select_components(noise, SETTINGS) == ({"H1": "E", "H2": "N"}, {"V": "Z"}, {})
    every = {"H1": "E", "H2": "N", "V": "Z"}
    assert select_components(noise, PreprocessSettings(components="all"))[0] == every
    envelopes = compute_envelopes(noise, SETTINGS)
    only_vertical = compute_envelopes(recording(NOISE[1, 2:], components=("Z",)), SETTINGS)
    assert envelopes.components == ("H1", "H2", "V")
    assert np.isnan(envelopes.values[0, 2]).all()
    assert only_vertical.components == ("V",)
    np.testing.assert_array_equal(envelopes.values[1, 2], only_vertical.values[0, 0])
    assert np.isnan(envelopes.values[2]).all()


def test_names_of_horizontals_do_not_part_stations():
    """E and N of one station, 1 and 2 or X and Y of another, are the same two rows."""
    for names in (("1", "2", "Z"), ("X", "Y", "Z"), ("R", "T", "Z")):
        named = compute_envelopes(recording(NOISE[0], components=names), SETTINGS)
        assert named.components == ("H1", "H2")
        np.testing.assert_array_equal(named.values, compute_envelopes(recording(NOISE[0]), SETTINGS).values)


def test_a_component_that_ends_leaves_the_level_of_the_other():
    samples = NOISE[0, :2].copy()
    samples[1, 3000:] = np.nan
    both = compute_envelopes(recording(samples, components=("E", "N")), SETTINGS).by_station()[0]
    one = compute_envelopes(recording(samples[:1], components=("E",)), SETTINGS).values[0, 0]
    np.testing.assert_allclose(both[80:110], one[80:110], rtol=1e-6)


def counts_of_noise(rate_hz=100.0, size=300.0):
    smooth = np.convolve(np.random.default_rng(6).standard_normal(12_000), np.ones(20) / 20, "same")
    return np.round(size * smooth), rate_hz


def test_dead_flat_clipped_and_infinite_samples_are_found_and_counted():
    trace, rate_hz = counts_of_noise()
    dead, flat, clipped, infinite = np.full_like(trace, 7.0), trace.copy(), 20 * trace, trace.copy()
    flat[2000:2150] = flat[2000]
    flat[5000:5099] = flat[5000] + 1  # one sample short of a second
    limit = np.quantile(np.abs(clipped), 0.9)
    cut = np.clip(clipped, -limit, limit)
    infinite[100:103] = np.inf
    found = find_bad_samples(
        recording(np.stack([dead, flat, cut, infinite]), rate_hz, components=("E", "N", "Z", "U")), SETTINGS
    )
    table = found.table.set_index("component")
    assert list(table["reason"]) == ["dead", "flat", "clipped", "infinite"]
    assert table.loc["E", "n_samples"] == 12_000
    assert found.mask[0, 1, 2000:2150].all()
    assert table.loc["N", "duration_s"] == pytest.approx(1.5, abs=0.03)
    assert not found.mask[0, 2][np.abs(cut) < limit].any()
    assert found.mask[0, 2][np.abs(cut) == limit].all()
    assert table.loc["U", "n_samples"] == 3
    masked = mask_samples(recording(np.stack([dead, flat, cut]), rate_hz), found.mask[:, :3])
    assert np.isnan(masked.samples[0, 0]).all()


@settings(max_examples=30)
@given(st.floats(0.02, 3.0), st.floats(1.0, 6.0), st.sampled_from([20.0, 100.0, 200.0]), st.integers(0, 99))
def test_sound_recordings_are_not_called_clipped(frequency_hz, log_size, rate_hz, seed):
    """Large slow waves, rounded to counts, are flat at their tops without being clipped."""
    t = np.arange(4000) / rate_hz
    wave = 10**log_size * np.sin(2 * np.pi * frequency_hz * t + seed)
    wave += 0.3 * np.random.default_rng(seed).standard_normal(len(t))
    found = find_bad_samples(recording(np.round(wave), rate_hz, components=("E",)), SETTINGS)
    assert "clipped" not in set(found.table["reason"])


def test_odd_ends_of_recordings_are_judged_too():
    trace, rate_hz = counts_of_noise()
    broken = np.clip(20 * trace, -1500, 1500)
    broken[3000:3004] = [np.inf, -np.inf, np.inf, np.nan]
    short = np.full_like(trace, np.nan)
    short[10:13] = 5.0
    found = find_bad_samples(recording(np.stack([broken, short]), rate_hz, components=("E", "N")), SETTINGS)
    assert list(found.table["reason"]) == ["infinite", "clipped", "dead"]
    assert list(found.table["n_samples"][[0, 2]]) == [3, 3]
    empty = find_bad_samples(recording(np.full((1, 50), np.nan), components=("E",)), SETTINGS)
    assert empty.table.empty
    assert not empty.mask.any()


def test_dead_station_has_no_envelope_once_masked():
    noise = recording(np.stack([NOISE[0], np.zeros_like(NOISE[0])]))
    clean = mask_samples(noise, find_bad_samples(noise, SETTINGS).mask)
    values = compute_envelopes(clean, SETTINGS).values
    assert np.isfinite(values[0]).any()
    assert np.isnan(values[1]).all()


def test_impossible_recordings_are_refused_with_the_cure():
    with pytest.raises(DataError, match=r"XX\.S0.*16 Hz.*6\.4 Hz.*8 Hz"):
        compute_envelopes(recording(NOISE[0], 16.0), SETTINGS)
    with pytest.raises(DataError, match=r"XX\.S0.*too short.*longer window"):
        compute_envelopes(recording(NOISE[0, :, :200]), SETTINGS)
    with pytest.raises(DataError, match="too short"):
        compute_envelopes(recording(NOISE[0, :, :0]), SETTINGS)
    with pytest.raises(DataError, match="drift"):
        resample(recording(NOISE[0], 50.01), 25.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"band_hz": (8.0, 2.0)},
        {"band_hz": (2.0, 12.0)},
        {"envelope_rate_hz": 0.5},
        {"envelope_rate_hz": 3.0},
        {"components": "vertical"},
        {"taper": 1.0},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError):
        PreprocessSettings(**wrong)


def test_unknown_sensitivity_leaves_counts_and_says_so():
    counts = recording(NOISE[0], unit="count")
    known = [Channel("XX", "S0", "", f"HH{name}", name, sensitivity=2.0) for name in "ENZ"]
    assert remove_sensitivity(counts, known).unit == "m/s"
    np.testing.assert_array_equal(remove_sensitivity(counts, known).samples, counts.samples / 2)
    for channels in ([], known[:2], [*known[:2], replace(known[2], sensitivity=float("nan"))]):
        kept = remove_sensitivity(counts, channels)
        assert kept.unit == "count"
        np.testing.assert_array_equal(kept.samples, counts.samples)


def test_senseless_channels_are_refused_by_name():
    counts = recording(NOISE[0, :1], components=("E",), unit="count")
    good = Channel("XX", "S0", "", "HHE", "E", sensitivity=2.0)
    with pytest.raises(DataError, match=r"XX\.S0\.\.HHE.*Pa"):
        remove_sensitivity(counts, [replace(good, unit="Pa")])
    with pytest.raises(DataError, match=r"XX\.S0\.\.HHE.*not be 0"):
        remove_sensitivity(counts, [replace(good, sensitivity=0.0)])
    with pytest.raises(DataError, match=r"HHE.*HNE.*differ"):
        remove_sensitivity(counts, [good, replace(good, channel="HNE", unit="m/s**2")])
    with pytest.raises(DataError, match=r"XX\.S0 component E has no response"):
        remove_response(counts, [good])
    with pytest.raises(DataError, match="m/s"):
        remove_response(recording(NOISE[0, :1], components=("E",)), [good])


def test_joined_envelopes_keep_each_station_at_its_time():
    late = str(utc(START) + np.timedelta64(30_250, "ms"))
    one = compute_envelopes(recording(NOISE[0]), SETTINGS)
    two = compute_envelopes(recording(NOISE[1], 40.0, late, first=1), SETTINGS)
    joined = join_envelopes([two, one])
    assert joined.network.codes == ("XX.S1", "XX.S0")
    assert joined.start_time == one.start_time
    assert joined.end_time == max(one.end_time, two.end_time)
    np.testing.assert_array_equal(joined.values[0, :, 31 : 31 + two.values.shape[-1]], two.values[0])
    assert np.isnan(joined.values[0, :, :31]).all()
    np.testing.assert_array_equal(joined.values[1, :, : one.values.shape[-1]], one.values[0])
    assert joined.unit == "m/s"
    vertical = compute_envelopes(recording(NOISE[2, 2:], components=("Z",), first=2), SETTINGS)
    mixed = join_envelopes([vertical, one])
    assert mixed.components == ("H1", "H2", "V")
    np.testing.assert_array_equal(mixed.values[0, 2, : vertical.values.shape[-1]], vertical.values[0, 0])
    np.testing.assert_array_equal(mixed.values[1, :2], one.values[0])
    assert np.isnan(mixed.values[0, :2]).all()
    assert np.isnan(mixed.values[1, 2]).all()
    assert join_envelopes([one, replace(two, unit="count")]).unit == "mixed"


def test_envelopes_that_do_not_fit_are_not_joined():
    one = compute_envelopes(recording(NOISE[0]), SETTINGS)
    other = compute_envelopes(recording(NOISE[1], first=1), SETTINGS)
    off_grid = replace(other, start_time=other.start_time + np.timedelta64(100, "ms"))
    for wrong in (replace(other, sampling_rate_hz=2.0), replace(other, band_hz=(1.0, 8.0)), off_grid):
        with pytest.raises(DataError, match=r"XX\.S1.*do not fit.*XX\.S0"):
            join_envelopes([one, wrong])
    with pytest.raises(DataError, match="more than once"):
        join_envelopes([one, one])
    with pytest.raises(DataError, match="no envelopes"):
        join_envelopes([])
