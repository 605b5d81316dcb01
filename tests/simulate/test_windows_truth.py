from dataclasses import replace
from itertools import islice

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.signal import butter, sosfiltfilt

from tremorflow.errors import SettingsError
from tremorflow.simulate.window_signals import SignalSettings
from tremorflow.simulate.windows import (
    LABELS,
    WindowSettings,
    iterate_windows,
    labelled_windows,
    make_window,
)

SETTINGS = WindowSettings()
SEED = 7


@pytest.fixture(scope="module")
def windows():
    return labelled_windows(SETTINGS, 300, SEED)


@pytest.fixture(scope="module")
def parts():
    return [make_window(SETTINGS, SEED, number) for number in range(150)]


def rms(samples):
    return float(np.sqrt((samples.astype(float) ** 2).mean(axis=-1).sum()))


def band_pass(samples):
    sos = butter(12, (2.0, 8.0), btype="bandpass", fs=25.0, output="sos")
    return sosfiltfilt(sos, samples.astype(float), axis=-1, padlen=500)


def of_kind(parts, *kinds):
    return [part for part in parts if part.row["kind"] in kinds]


def test_windows_are_whole(windows):
    assert windows.samples.shape == (300, 3, 3000)
    assert windows.samples.dtype == np.float32
    assert np.isfinite(windows.samples).all()
    assert (windows.samples.std(axis=-1) > 0).all()
    assert list(windows.table["window"]) == list(range(300))
    assert [LABELS[k] for k in windows.labels] == list(windows.table["label"])
    assert windows.table["station"].is_unique


def test_noise_and_signal_add_up_to_the_window(windows, parts):
    for number, part in enumerate(parts[:20]):
        assert np.array_equal(part.noise + part.signal, windows.samples[number])


def test_slices_equal_the_whole(windows):
    slice_ = labelled_windows(SETTINGS, 30, SEED, first=95)
    assert np.array_equal(slice_.samples, windows.samples[95:125])
    pd.testing.assert_frame_equal(slice_.table, windows.table.iloc[95:125].reset_index(drop=True))
    other = labelled_windows(SETTINGS, 3, SEED + 1)
    assert not np.array_equal(other.samples, windows.samples[:3])


def test_processes_equal_one_process(windows, monkeypatch):
    monkeypatch.setattr("tremorflow.simulate.windows.CHUNK", 4)
    shared = labelled_windows(SETTINGS, 10, SEED, processes=2)
    assert np.array_equal(shared.samples, windows.samples[:10])


def test_batches_continue_the_sequence(windows):
    first, second = islice(iterate_windows(SETTINGS, SEED, batch=8), 2)
    assert np.array_equal(first.samples, windows.samples[:8])
    assert np.array_equal(second.samples, windows.samples[8:16])


def test_snr_of_the_table_is_that_of_the_samples(parts):
    ratios = []
    for part in parts:
        if part.row["nuisance"] == "machine":
            continue  # a line at 2 or 8 Hz itself is inside for one filter and outside for another
        if part.row["label"] != "noise":
            measured = rms(band_pass(part.signal)) / rms(band_pass(part.noise))
            ratios.append(measured / part.row["snr"])
        else:
            assert not part.signal.any()
            assert np.isnan(part.row["snr"])
    assert len(ratios) > 60
    assert np.abs(np.log(ratios)).max() < 0.15  # another filter, with flanks
    assert np.median(ratios) == pytest.approx(1, abs=0.03)


def test_snr_fills_its_range(windows):
    snr = windows.table["snr"].dropna()
    assert snr.min() >= 1.2
    assert snr.max() <= 15
    logs = np.log(snr / 1.2) / np.log(15 / 1.2)
    assert np.mean(logs) == pytest.approx(0.5, abs=0.08)


def test_tremor_covers_half_a_minute_and_is_there_when_it_should_be(parts):
    tremor = of_kind(parts, "tremor")
    assert len(tremor) > 30
    for part in tremor:
        onset, cover = part.row["onset_s"], part.row["cover_s"]
        assert 30 <= cover <= 120
        assert -300 + 30 <= onset <= 90
    shares = []
    for part in tremor:
        power = (part.signal.astype(float) ** 2).sum(axis=0)
        first = round(max(part.row["onset_s"], 0.0) * 25)
        last = first + round(part.row["cover_s"] * 25) + 25 * 15  # and its coda
        shares.append(power[first:last].sum() / power.sum())
    assert np.mean(np.array(shares) > 0.9) > 0.6  # the others have further bursts
    assert np.median(shares) > 0.95


def test_earthquakes_begin_with_their_p_wave(parts):
    single = of_kind(parts, "small", "local", "regional")
    assert len(single) > 20
    for part in single:
        onset = part.row["onset_s"]
        assert 2 <= onset <= 110
        power = (part.signal.astype(float) ** 2).sum(axis=0)
        cumulative = np.cumsum(power) / power.sum()
        assert cumulative[round((onset - 0.5) * 25)] < 0.01
        # P holds little at distance, and S may be more than 30 s later: Qp < Qs
        assert cumulative[min(round((onset + 30) * 25), 2999)] > 0.003


def test_coda_windows_have_no_onset_but_enough_coda(parts):
    many = WindowSettings(
        share_tremor=0,
        share_earthquake=1,
        signals=SignalSettings(earthquake_shares=(0, 0, 1, 0, 0)),
    )
    for part in (make_window(many, SEED, number) for number in range(12)):
        assert part.row["kind"] == "coda"
        assert part.row["snr"] >= 2
        assert part.row["onset_s"] <= -8
        power = (part.signal.astype(float) ** 2).sum(axis=0)
        blocks = power.reshape(6, 500).mean(axis=1)  # 20 s each
        assert blocks[0] > 3 * blocks[2] > 3 * blocks[4] > 0


def test_small_near_earthquakes_are_two_fifths(windows):
    quakes = windows.table[windows.table["label"] == "earthquake"]
    share = (quakes["kind"] == "small").mean()
    assert share > 0.4 - 2.5 * np.sqrt(0.24 / len(quakes))
    small = quakes[quakes["kind"] == "small"]
    assert small["magnitude"].between(0.5, 2.5).all()
    assert (small["distance_km"] <= 60).all()
    assert set(quakes["kind"]) == {"small", "aftershocks", "coda", "local", "regional"}


def test_noise_windows_hold_every_nuisance(windows):
    kinds = set(windows.table.loc[windows.table["label"] == "noise", "kind"])
    assert kinds == {"background", "t_phase", "ship", "shots", "vehicle", "machine"}
    below = windows.table[(windows.table["label"] != "noise") & (windows.table["nuisance"] != "")]
    assert 0.03 < len(below) / (windows.table["label"] != "noise").sum() < 0.2


def test_labels_have_their_shares(windows):
    counts = np.bincount(windows.labels, minlength=4)
    assert counts[3] == 0
    assert np.abs(counts[:3] - 100).max() < 3 * np.sqrt(300 * 2 / 9)


def test_size_does_not_tell_the_label(windows):
    size = np.array([np.log10(rms(band_pass(one))) for one in windows.samples])
    for label in range(3):
        mine, others = size[windows.labels == label], size[windows.labels != label]
        error = np.sqrt(mine.var() / len(mine) + others.var() / len(others))
        assert abs(mine.mean() - others.mean()) < 3 * error
    assert np.ptp(size) > 2.5  # of three decades


def test_edges_do_not_tell_the_label(windows, parts):
    # noise goes on beyond both ends, and tremor that fills the window is not faded in or out
    edges = [
        (np.log(rms(part.noise[:, cut]) / rms(part.noise))) for part in parts for cut in np.s_[:50, -50:]
    ]
    assert abs(np.median(edges)) < 0.1
    full = [part for part in of_kind(parts, "tremor") if part.row["cover_s"] > 110]
    assert len(full) >= 3
    ratios = [rms(part.signal[:, -125:]) / rms(part.signal) for part in full]
    assert np.median(ratios) > 0.25


def test_energy_belongs_to_the_samples():
    doubled = replace(SETTINGS, rms_m_s=tuple(2 * value for value in SETTINGS.rms_m_s))
    for number in range(12):
        once, twice = (make_window(s, SEED, number) for s in (SETTINGS, doubled))
        assert np.allclose(twice.signal, 2 * once.signal, rtol=1e-4, atol=1e-6 * np.abs(twice.signal).max())
        if once.row["label"] == "tremor":
            assert twice.row["energy_j"] == pytest.approx(4 * once.row["energy_j"], rel=1e-6)


def test_windows_with_both_have_a_label_of_their_own():
    both = labelled_windows(WindowSettings(share_tremor=0, share_earthquake=0, share_both=1), 4, SEED)
    assert (both.labels == LABELS.index("both")).all()
    assert (both.table["cover_s"] >= 30).all()


@pytest.mark.parametrize("rate_hz", [20.0, 100.0])
def test_other_rates_and_lengths(rate_hz):
    made = labelled_windows(replace(SETTINGS, sampling_rate_hz=rate_hz, length_s=60.0), 8, SEED)
    assert made.samples.shape == (8, 3, round(60 * rate_hz))
    assert np.isfinite(made.samples).all()


def test_no_windows_are_an_empty_set():
    none = labelled_windows(SETTINGS, 0, SEED)
    assert none.samples.shape == (0, 3, 3000)
    assert len(none.labels) == len(none.table) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"share_tremor": 0.8, "share_earthquake": 0.8},
        {"snr": (5.0, 2.0)},
        {"rms_m_s": (0.0, 1.0)},
        {"length_s": 5.0},
        {"unknown": 1},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        WindowSettings(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"burst_s": (10.0, 50.0)},
        {"earthquake_shares": (1, 1, 0, 0, 0)},
        {"coda_after_s": (9, 3)},
        {"regional_distance_km": (500, 2000)},
        {"tremor_depth_km": (10, 300)},
    ],
)
def test_impossible_signals_are_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        SignalSettings(**wrong)


def test_empty_batches_are_refused():
    with pytest.raises(SettingsError, match="batch"):
        next(iterate_windows(SETTINGS, SEED, batch=0))
