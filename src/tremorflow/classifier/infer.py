"""Spectra -> probabilities, by ONNX Runtime on one thread."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tremorflow.classifier.inputs import MIN_COMPLETENESS, WindowSpectra, cut_windows, window_starts
from tremorflow.classifier.weights import Weights
from tremorflow.errors import DataError, ModelError
from tremorflow.records import CLASSES, ROLES, Probabilities, Waveforms
from tremorflow.spectrogram import compute_spectrograms, frames_of_window

INPUTS = ("log_power", "background", "context")


class Classifier:
    """A network ready to run. One window at a time: as fast as many, and the same whatever the others are."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._session = _open_session(weights)

    def logits(
        self, log_power: NDArray[np.floating], background: NDArray[np.floating], context: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """(window, class) outputs of the network before calibration; arrays as in ``WindowSpectra``."""
        found = np.empty((len(log_power), len(CLASSES)), dtype=np.float32)
        parts = [np.ascontiguousarray(part, dtype=np.float32) for part in (log_power, background, context)]
        for k in range(len(found)):
            feed = {name: part[k : k + 1] for name, part in zip(INPUTS, parts, strict=True)}
            found[k] = self._session.run(None, feed)[0][0]
        return found

    def classify(self, spectra: WindowSpectra) -> NDArray[np.float32]:
        """(window, class) calibrated probabilities; NaN where less than half of a window was recorded."""
        values = np.full((len(spectra), len(CLASSES)), np.nan, dtype=np.float32)
        rows = np.flatnonzero(spectra.completeness >= MIN_COMPLETENESS)
        logits = self.logits(spectra.log_power[rows], spectra.background[rows], spectra.context[rows])
        values[rows] = self.weights.calibration.probabilities(logits)
        return values


def classify_waveforms(waveforms: Waveforms, classifier: Classifier) -> Probabilities:
    """Probabilities of noise, tremor and earthquake of every station and window of some waveforms.

    Parameters
    ----------
    waveforms : (station, component, time), m/s or count
        At 20 Hz or more. What comes before a window is its background, an hour of it if there is so much;
        with less than five minutes the background is unknown and the network judges without.
    classifier
        Ready to run.

    Returns
    -------
    Probabilities of the windows that lie within the waveforms. The instruments are not named.

    Raises
    ------
    DataError
        No whole window in the waveforms, or a sampling rate that does not hold the band.
    """
    weights, network = classifier.weights, waveforms.network
    settings = weights.spectrogram
    starts = window_starts(waveforms.start_time, waveforms.end_time, settings)
    if not len(starts):
        raise DataError(
            f"from {waveforms.start_time} to {waveforms.end_time} there is no whole window of "
            f"{settings.window_s:g} s that starts at a multiple of {settings.step_s:g} s; give more"
        )
    spectrograms = compute_spectrograms(waveforms, settings)
    values = np.empty((len(network), len(CLASSES), len(starts)), dtype=np.float32)
    completeness = np.empty((len(network), len(starts)), dtype=np.float32)
    for station in range(len(network)):
        spectra = cut_windows(spectrograms, starts, settings, station)
        values[station], completeness[station] = classifier.classify(spectra).T, spectra.completeness
    return Probabilities(
        network, values, completeness, starts, settings.window_s, (("", ""),) * len(network),
        weights.hash, weights.calibration.threshold,
    )  # fmt: skip


def _open_session(weights: Weights) -> Any:
    """Session on one thread: stations are what is worked on beside each other."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    settings = weights.spectrogram
    expected = (len(ROLES), len(settings.frequencies_hz), len(frames_of_window(settings)))
    try:
        session = onnxruntime.InferenceSession(weights.onnx, options, providers=["CPUExecutionProvider"])
        shapes = {entry.name: tuple(entry.shape[1:]) for entry in session.get_inputs()}
    except (errors.Fail, errors.InvalidGraph, errors.InvalidProtobuf, errors.NotImplemented) as error:
        raise ModelError(f"ONNX Runtime cannot open the network: {error}; train the weights again") from error
    if shapes.get("log_power") != expected:
        raise ModelError(
            f"the network takes spectra of shape {shapes.get('log_power')}, its settings make {expected} "
            "(component, frequency, time); the weight file does not fit together"
        )
    return session
