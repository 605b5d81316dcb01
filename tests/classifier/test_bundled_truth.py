"""The bundled weights on windows that they never saw: small samples of what `make bench` measures."""

from dataclasses import replace

import numpy as np
import pytest

from tremorflow.batch.classify_files import ClassifyRequest, classify_files
from tremorflow.batch.datasets import simulated_batch
from tremorflow.classifier.examples import batch_examples
from tremorflow.classifier.infer import Classifier
from tremorflow.classifier.inputs import WindowSpectra
from tremorflow.classifier.weights import BUNDLED, read_weights
from tremorflow.simulate.windows import WindowSettings, labelled_windows

NOISE, TREMOR, EARTHQUAKE = range(3)
SEED = 20261125  # of no training, no calibration and no benchmark
MATCHED = WindowSettings(matched=True, share_ocean=0.5)


def spectra_of(settings, count, seed=SEED):
    made = labelled_windows(settings, count, seed)
    found = batch_examples(
        simulated_batch(made, read_weights().spectrogram, count), 25.0, read_weights().spectrogram
    )
    ones = np.ones(count, dtype=np.float32)
    parts = (found.log_power.astype(np.float32), found.background.astype(np.float32), ones, ones)
    return WindowSpectra(*parts), found.labels, made.table


@pytest.fixture(scope="module", params=BUNDLED)
def classifier(request):
    return Classifier(read_weights(request.param))


@pytest.fixture(scope="module")
def loud():
    return spectra_of(replace(MATCHED, snr=(2.0, 15.0)), 240)


def recalls(p, labels):
    return [(p[labels == k].argmax(axis=1) == k).mean() for k in range(3)]


def test_the_three_classes_are_told_apart_at_stations_never_seen(classifier, loud):
    spectra, labels, _ = loud
    p = classifier.classify(spectra)
    assert np.mean(recalls(p, labels)) > 0.93
    assert p.std(axis=0).min() > 0.2  # the answer depends on the window


def test_one_component_is_enough(classifier, loud):
    spectra, labels, _ = loud
    whole = np.mean(recalls(classifier.classify(spectra), labels))
    for component in range(3):
        power = np.full_like(spectra.log_power, np.nan)
        power[:, component] = spectra.log_power[:, component]
        alone = classifier.classify(replace(spectra, log_power=power))
        assert np.mean(recalls(alone, labels)) > whole - 0.09


def test_an_unknown_background_costs_little(classifier, loud):
    spectra, labels, _ = loud
    unknown = replace(
        spectra, background=np.full_like(spectra.background, np.nan), context=0 * spectra.context
    )
    assert np.mean(recalls(classifier.classify(unknown), labels)) > 0.87


def test_p_tremor_rises_with_snr(classifier):
    means = []
    for snr in (0.3, 1.0, 2.0, 5.0):
        spectra, labels, _ = spectra_of(replace(MATCHED, snr=(snr, snr)), 90, SEED + 1)
        means.append(classifier.classify(spectra)[labels == TREMOR, TREMOR].mean())
    assert np.all(np.diff(means) > 0)
    assert means[0] < 0.3
    assert means[2] > 0.7
    assert means[-1] > 0.85


def test_t_phases_ships_and_air_guns_are_hardly_ever_tremor(classifier):
    settings = WindowSettings(share_tremor=0.0, share_earthquake=0.0, share_nuisance=1.0, share_ocean=1.0)
    spectra, _, table = spectra_of(settings, 150, SEED + 2)
    called = classifier.classify(spectra).argmax(axis=1) == TREMOR
    assert set(table["kind"]) == {"t_phase", "ship", "shots"}
    assert called.mean() <= 0.03


@pytest.fixture(scope="module")
def hour_at_pr44(shared_data, classifier):
    """Classes of the windows of an hour at a station that no weights have heard, and which hold earthquakes.

    They are of 2017-09-09, 06:35 and 06:45.
    """
    path = shared_data / "noise" / "puertorico" / "PR.20170909_060000.mseed"
    found = classify_files(ClassifyRequest([path], weights=classifier.weights.card["name"])).probabilities
    row = found.network.codes.index("PR.PR44")
    minutes = (found.start_times - np.datetime64("2017-09-09T06:00", "ns")) / np.timedelta64(60, "s")
    holds = np.zeros(len(minutes), dtype=bool)
    for minute in (35, 45):
        holds |= (minutes <= minute) & (minutes + 2 > minute)
    return found.values[row].argmax(axis=0), holds


def test_two_real_earthquakes_are_never_called_tremor(hour_at_pr44):
    called, holds = hour_at_pr44
    assert holds.sum() == 4
    assert (called[holds] != TREMOR).all()


def test_a_real_quiet_hour_is_rarely_called_tremor(hour_at_pr44):
    called, holds = hour_at_pr44
    assert (called[~holds] == TREMOR).mean() <= 0.05


def test_weights_are_small():
    from importlib.resources import files

    for name in BUNDLED:
        content = (files("tremorflow.resources") / "weights" / f"{name}.zip").read_bytes()
        assert len(content) < 5_000_000
