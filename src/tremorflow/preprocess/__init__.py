"""Waveforms -> Waveforms and Envelopes: units, bad samples, gaps, resampling, band, smoothing."""

from tremorflow.preprocess.envelopes import (
    bandpass,
    common_unit,
    compute_envelopes,
    context_s,
    join_envelopes,
    resample,
    select_components,
    select_horizontals,
)
from tremorflow.preprocess.quality import BadSamples, find_bad_samples, mask_samples
from tremorflow.preprocess.settings import PreprocessSettings
from tremorflow.preprocess.units import remove_response, remove_sensitivity

__all__ = [
    "BadSamples",
    "PreprocessSettings",
    "bandpass",
    "common_unit",
    "compute_envelopes",
    "context_s",
    "find_bad_samples",
    "join_envelopes",
    "mask_samples",
    "remove_response",
    "remove_sensitivity",
    "resample",
    "select_components",
    "select_horizontals",
]
