"""Find and locate tectonic tremor in continuous seismic recordings of a network.

Public names are loaded on first use: ``import tremorflow`` loads nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_ROOMS = {  # public name -> module that holds it
    "Archive": "tremorflow.io.archive",
    "AssociationSettings": "tremorflow.associate",
    "CatalogError": "tremorflow.errors",
    "ChainSettings": "tremorflow.analysis",
    "Classifier": "tremorflow.classifier.infer",
    "DataError": "tremorflow.errors",
    "Envelopes": "tremorflow.records",
    "Groups": "tremorflow.associate",
    "Hearing": "tremorflow.associate",
    "MissingExtraError": "tremorflow.errors",
    "ModelError": "tremorflow.errors",
    "Network": "tremorflow.records",
    "Probabilities": "tremorflow.records",
    "Settings": "tremorflow.settings",
    "SettingsError": "tremorflow.errors",
    "SpectrogramSettings": "tremorflow.spectrogram",
    "Spectrograms": "tremorflow.records",
    "Station": "tremorflow.records",
    "TremorflowError": "tremorflow.errors",
    "Waveforms": "tremorflow.records",
    "Weights": "tremorflow.classifier.weights",
    "WindowDataset": "tremorflow.classifier.dataset",
    "associate_stations": "tremorflow.associate",
    "classify_recordings": "tremorflow.batch.classify",
    "classify_waveforms": "tremorflow.classifier.infer",
    "compare_catalogs": "tremorflow.catalog.compare",
    "compute_envelopes": "tremorflow.preprocess",
    "compute_spectrograms": "tremorflow.spectrogram",
    "detect_tremor": "tremorflow.analysis",
    "evaluate_catalog": "tremorflow.catalog.evaluate",
    "event_table": "tremorflow.records",
    "find_tremor": "tremorflow.analysis",
    "finish_catalog": "tremorflow.analysis",
    "group_table": "tremorflow.associate",
    "labelled_windows": "tremorflow.simulate.windows",
    "learn_hearing": "tremorflow.associate",
    "locate_windows": "tremorflow.locate",
    "open_archive": "tremorflow.io.archive",
    "open_dataset": "tremorflow.classifier.dataset",
    "prepare_simulation": "tremorflow.simulate.synthesis",
    "read_catalog": "tremorflow.catalog.formats",
    "read_probabilities": "tremorflow.io.probabilities",
    "read_scenario": "tremorflow.simulate.scenario",
    "read_settings": "tremorflow.settings",
    "read_spectrograms": "tremorflow.batch.classify",
    "read_stations": "tremorflow.io.stations",
    "read_truth": "tremorflow.truth",
    "read_velocity_model": "tremorflow.traveltime",
    "read_weights": "tremorflow.classifier.weights",
    "search_grid": "tremorflow.locate",
    "station_travel_times": "tremorflow.traveltime",
    "utc": "tremorflow.records",
    "write_catalog": "tremorflow.catalog.formats",
    "write_probabilities": "tremorflow.io.probabilities",
    "write_simulation": "tremorflow.batch.simulate",
}

__all__ = [  # noqa: PLE0604 - the names of the table above, sorted there
    "__version__",
    *_ROOMS,
]

if TYPE_CHECKING:  # what type checkers and editors see; a test holds it against the table
    from tremorflow.analysis import ChainSettings as ChainSettings
    from tremorflow.analysis import detect_tremor as detect_tremor
    from tremorflow.analysis import find_tremor as find_tremor
    from tremorflow.analysis import finish_catalog as finish_catalog
    from tremorflow.associate import AssociationSettings as AssociationSettings
    from tremorflow.associate import Groups as Groups
    from tremorflow.associate import Hearing as Hearing
    from tremorflow.associate import associate_stations as associate_stations
    from tremorflow.associate import group_table as group_table
    from tremorflow.associate import learn_hearing as learn_hearing
    from tremorflow.batch.classify import classify_recordings as classify_recordings
    from tremorflow.batch.classify import read_spectrograms as read_spectrograms
    from tremorflow.batch.simulate import write_simulation as write_simulation
    from tremorflow.catalog.compare import compare_catalogs as compare_catalogs
    from tremorflow.catalog.evaluate import evaluate_catalog as evaluate_catalog
    from tremorflow.catalog.formats import read_catalog as read_catalog
    from tremorflow.catalog.formats import write_catalog as write_catalog
    from tremorflow.classifier.dataset import WindowDataset as WindowDataset
    from tremorflow.classifier.dataset import open_dataset as open_dataset
    from tremorflow.classifier.infer import Classifier as Classifier
    from tremorflow.classifier.infer import classify_waveforms as classify_waveforms
    from tremorflow.classifier.weights import Weights as Weights
    from tremorflow.classifier.weights import read_weights as read_weights
    from tremorflow.errors import CatalogError as CatalogError
    from tremorflow.errors import DataError as DataError
    from tremorflow.errors import MissingExtraError as MissingExtraError
    from tremorflow.errors import ModelError as ModelError
    from tremorflow.errors import SettingsError as SettingsError
    from tremorflow.errors import TremorflowError as TremorflowError
    from tremorflow.io.archive import Archive as Archive
    from tremorflow.io.archive import open_archive as open_archive
    from tremorflow.io.probabilities import read_probabilities as read_probabilities
    from tremorflow.io.probabilities import write_probabilities as write_probabilities
    from tremorflow.io.stations import read_stations as read_stations
    from tremorflow.locate import locate_windows as locate_windows
    from tremorflow.locate import search_grid as search_grid
    from tremorflow.preprocess import compute_envelopes as compute_envelopes
    from tremorflow.records import Envelopes as Envelopes
    from tremorflow.records import Network as Network
    from tremorflow.records import Probabilities as Probabilities
    from tremorflow.records import Spectrograms as Spectrograms
    from tremorflow.records import Station as Station
    from tremorflow.records import Waveforms as Waveforms
    from tremorflow.records import event_table as event_table
    from tremorflow.records import utc as utc
    from tremorflow.settings import Settings as Settings
    from tremorflow.settings import read_settings as read_settings
    from tremorflow.simulate.scenario import read_scenario as read_scenario
    from tremorflow.simulate.synthesis import prepare_simulation as prepare_simulation
    from tremorflow.simulate.windows import labelled_windows as labelled_windows
    from tremorflow.spectrogram import SpectrogramSettings as SpectrogramSettings
    from tremorflow.spectrogram import compute_spectrograms as compute_spectrograms
    from tremorflow.traveltime import read_velocity_model as read_velocity_model
    from tremorflow.traveltime import station_travel_times as station_travel_times
    from tremorflow.truth import read_truth as read_truth


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_ROOMS[name]), name)
    globals()[name] = value  # the next use does not come here
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_ROOMS))
