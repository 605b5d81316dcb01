"""Recorders: counts that are the motion, in the frame that the metadata says or does not say."""

import numpy as np
import pytest

from tremorflow.io.orientation import Orientation, rotate
from tremorflow.records import Network, Station, Waveforms, seconds, utc
from tremorflow.simulate.instrument import InstrumentSettings, make_instrument
from tremorflow.simulate.outages import OutageSettings, draw_outages
from tremorflow.simulate.scene import TILE_S, SampleGrid
from tremorflow.truth import truth_table

RATE_HZ = 25.0
NO_FAULTS = {
    name: 0
    for name in (
        "spikes_per_day",
        "steps_per_day",
        "dropouts_per_day",
        "dead_share",
        "one_component_share",
        "clock_share",
        "polarity_share",
        "orientation_share",
    )
}
NETWORK = Network(tuple(Station("SY", f"{k:02d}", 38.0 + 0.1 * k, 143.0, -2000.0) for k in range(6)))
GRID = SampleGrid(utc("2020-01-01T00:00:00Z"), 7200.0, RATE_HZ)


def instrument_of(outages=(), grid=GRID, network=NETWORK, **changes):
    settings = InstrumentSettings(**(NO_FAULTS | changes))
    table = draw_outages(outages, settings, network, grid, 1)
    return make_instrument(settings, network, grid, 1, table)


def motion_of(rms=1e-5, seed=1, rate_hz=RATE_HZ):
    shape = (3, round(TILE_S * rate_hz))
    return (rms * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def turned_by_metadata(instrument, recorded, station):
    """East, north, up in m/s as the package itself makes them from what was recorded and the metadata."""
    names = instrument.components(station)
    waveforms = Waveforms(
        NETWORK.subset([station]),
        names,
        (recorded.counts / instrument.settings.sensitivity)[None],
        GRID.start_time,
        RATE_HZ,
        "m/s",
    )
    orientation = Orientation(names, instrument.nominal_rotation(station))
    return rotate(waveforms, {NETWORK.codes[station]: orientation}).samples[0]


@pytest.mark.parametrize("bits", [24, 27])
def test_counts_are_the_motion_within_half_a_count(bits):
    instrument = instrument_of(adc_bits=bits)
    motion = motion_of(1e-3)
    recorded = instrument.record(motion, 0, 0)
    assert instrument.components(0) == ("E", "N", "Z")
    assert recorded.counts.dtype == np.int32
    assert recorded.present.all()
    error = recorded.counts / instrument.settings.sensitivity - motion.astype(np.float64)
    assert np.abs(error).max() <= 0.5001 / instrument.settings.sensitivity


def test_the_rotation_of_the_metadata_gives_east_north_and_up_back():
    instrument = instrument_of(frame="XYZ")
    motion = motion_of()
    for station in range(len(NETWORK)):
        recorded = instrument.record(motion, station, 3)
        assert instrument.components(station) == ("X", "Y", "Z")
        back = turned_by_metadata(instrument, recorded, station)
        assert np.abs(back - motion).max() < 1.0 / instrument.settings.sensitivity
        matrix = instrument.rotation(station)
        np.testing.assert_array_equal(matrix, instrument.nominal_rotation(station))
        assert np.linalg.det(matrix) == pytest.approx(1)
        assert abs(np.degrees(np.arcsin(matrix[2, 0]))) <= 10  # X lies along the cable, on the sea floor
    rolls = [abs(instrument.rotation(k)[2, 2]) for k in range(len(NETWORK))]
    assert min(rolls) < 0.7  # Z is not up: a cable's roll is arbitrary


@pytest.mark.parametrize("frame", ["ENZ", "XYZ"])
def test_a_wrong_orientation_turns_the_record_against_its_metadata(frame):
    wrong = OutageSettings(kind="orientation", stations=("SY.02",), value=90.0, start_s=60.0, duration_s=100)
    instrument = instrument_of([wrong], frame=frame)
    motion = motion_of()
    recorded = instrument.record(motion, 2, 0)
    back = turned_by_metadata(instrument, recorded, 2)
    during = slice(round(60 * RATE_HZ), round(160 * RATE_HZ))
    error = np.abs(back - motion).max(axis=0) > 1e-8
    assert not error[: during.start].any()
    assert not error[during.stop :].any()
    assert error[during].mean() > 0.99
    true = instrument.rotation(2, 100.0)
    np.testing.assert_allclose(
        true @ (recorded.counts[:, during] / instrument.settings.sensitivity), motion[:, during], atol=2e-9
    )
    if frame == "ENZ":  # turned clockwise by 90 degrees the N sensor points east, the E sensor south
        np.testing.assert_allclose(back[1, during], motion[0, during], atol=1e-9)
        np.testing.assert_allclose(back[0, during], -motion[1, during], atol=1e-9)
    else:  # rolled about X: what is along the cable stays
        along = instrument.nominal_rotation(2)[:, 0]
        np.testing.assert_allclose(along @ back, along @ motion, atol=3e-9)


def test_a_wrong_polarity_turns_the_sign_of_its_component_alone():
    wrong = OutageSettings(kind="polarity", stations=("SY.01",), components=("N",))
    instrument, right = instrument_of([wrong]), instrument_of()
    motion = motion_of()
    turned, straight = instrument.record(motion, 1, 0), right.record(motion, 1, 0)
    np.testing.assert_array_equal(turned.counts, straight.counts * np.array([[1], [-1], [1]]))
    np.testing.assert_array_equal(instrument.record(motion, 0, 0).counts, straight.counts)


def test_what_is_too_large_is_cut_at_the_limit_and_reported():
    instrument = instrument_of(adc_bits=24)
    motion = motion_of(1e-6)
    largest = 2**23 / instrument.settings.sensitivity
    motion[1, 1000:1010], motion[2, 1020:1030], motion[0, 5000] = 2 * largest, -2 * largest, 2 * largest
    recorded = instrument.record(motion, 0, 2)
    assert recorded.counts.max() == 2**23 - 1
    assert recorded.counts.min() == -(2**23)
    rows = instrument.clipping_rows(recorded, 0, 2)
    spans = [
        tuple(round(seconds(row[key] - GRID.start_time) * RATE_HZ) for key in ("start_time", "end_time"))
        for row in rows
    ]
    assert spans == [(2 * 15000 + 1000, 2 * 15000 + 1030), (2 * 15000 + 5000, 2 * 15000 + 5001)]
    assert list(truth_table("nuisances", rows)["stations"]) == ["SY.00", "SY.00"]
    assert not instrument.clipping_rows(instrument.record(motion_of(), 0, 2), 0, 2)


def test_only_what_the_truth_names_is_missing():
    planned = [
        OutageSettings(kind="dead", stations=("SY.00",), start_s=590.0, duration_s=20.02),
        OutageSettings(kind="one_component", stations=("SY.01",)),
        OutageSettings(kind="dropout", stations=("SY.02",), start_s=0.5, duration_s=1.0, components=("Z",)),
    ]
    instrument = instrument_of(planned)
    first, second = (instrument.record(motion_of(), 0, tile) for tile in (0, 1))
    assert first.present[:, : round(590 * RATE_HZ)].all()
    assert not first.present[:, round(590 * RATE_HZ) :].any()
    assert not first.counts[~first.present].any()
    np.testing.assert_array_equal(
        np.flatnonzero(~second.present[0]), np.arange(251)
    )  # 10.02 s: sample 250 too
    np.testing.assert_array_equal(instrument.record(motion_of(), 1, 5).present.all(axis=1), [0, 0, 1])
    third = instrument.record(motion_of(), 2, 0).present
    assert third[:2].all()
    np.testing.assert_array_equal(np.flatnonzero(~third[2]), np.arange(13, 38))  # 0.5 s <= t < 1.5 s
    assert instrument.record(motion_of(), 3, 0).present.all()


def test_clocks_are_late_while_the_truth_says_so():
    instrument = instrument_of([OutageSettings(kind="clock", stations=("SY.03",), value=1.5, start_s=100.0)])
    offsets = instrument.clock_offsets_s(3, np.array([0.0, 99.9, 100.0, 7000.0]))
    np.testing.assert_array_equal(offsets, [0, 0, 1.5, 1.5])
    assert not instrument.clock_offsets_s(2, np.array([500.0])).any()


@pytest.mark.parametrize("rate_hz", [20.0, 100.0])
def test_spikes_and_steps_are_where_the_truth_puts_them_and_nowhere_else(rate_hz):
    grid = SampleGrid(GRID.start_time, 7200.0, rate_hz)
    faults = {"spikes_per_day": 100.0, "steps_per_day": 30.0}
    faulty, clean = instrument_of(grid=grid, **faults), instrument_of(grid=grid)
    motion = motion_of(1e-7, rate_hz=rate_hz)
    touched = np.zeros(12 * grid.tile_samples, dtype=bool)
    for tile in range(12):
        differ = faulty.record(motion, 0, tile).counts != clean.record(motion, 0, tile).counts
        touched[tile * grid.tile_samples :][: grid.tile_samples] = differ.any(axis=0)
    table = truth_table("nuisances", faulty.nuisance_rows())
    own = table[table["stations"] == "SY.00"]
    assert set(own["kind"]) == {"spike", "step"}
    allowed = np.zeros_like(touched)
    for row in own.itertuples():
        start = seconds(row.start_time.to_datetime64() - grid.start_time) * rate_hz
        end = seconds(row.end_time.to_datetime64() - grid.start_time) * rate_hz
        first = int(np.ceil(start - 1e-6))
        if first < len(touched):
            assert touched[first]
        allowed[max(first, 0) : int(np.ceil(max(end, start + 1))) + 1] = True
    assert not touched[~allowed].any()
    again = instrument_of(grid=grid, network=NETWORK.subset([0]), **faults)
    np.testing.assert_array_equal(again.record(motion, 0, 4).counts, faulty.record(motion, 0, 4).counts)


def test_a_step_decays_through_the_joint_of_tiles():
    grid = SampleGrid(GRID.start_time, 86400.0, RATE_HZ)
    instrument = instrument_of(grid=grid, steps_per_day=40.0)
    silent = np.zeros((3, grid.tile_samples), dtype=np.float32)
    whole = np.concatenate([instrument.record(silent, 0, tile).counts for tile in range(144)], axis=1)
    # Steps rise at once and decay slowly: falls in size are never steeper than by a time constant of 1 s.
    size = np.abs(whole[:, np.any(whole, axis=0)]).max(axis=0).astype(float)
    falls = size[1:] / np.maximum(size[:-1], 1)
    assert np.mean(falls[size[:-1] > 1000] > 0.95) > 0.999


def test_recorders_settings_are_checked():
    with pytest.raises(ValueError, match="dead_share"):
        InstrumentSettings(dead_share=1.5)
    with pytest.raises(ValueError, match="sensitivity"):
        InstrumentSettings(sensitivity=0)
