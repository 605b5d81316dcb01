"""Weight files: one zip with the network (ONNX), its parameters, and a card of what it is and was made from.

Whoever opens one gets the settings of the spectrograms and the calibration with it, and a hash over
everything that decides a result is checked. Running needs ONNX Runtime alone; the parameters, the same
numbers once more, are for training on.
"""

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tremorflow.classifier.calibrate import Calibration
from tremorflow.errors import ModelError
from tremorflow.records import CLASSES
from tremorflow.spectrogram import SpectrogramSettings
from tremorflow.whole_files import whole_file

FORMAT = 1
BUNDLED = ("mixed", "simulated")
"""Weights that travel with the package; the first is the default."""

MAX_BYTES = 200_000_000  # of an unpacked part: refuse what is no weight file of ours before it fills memory
PARTS = ("card.json", "model.onnx", "parameters.npz")


@dataclass(frozen=True, slots=True)
class Weights:
    """A trained network.

    ``onnx`` is the network, ``parameters`` the same numbers by torch's names, ``architecture`` its settings
    (``ModelSettings``); ``card`` tells what it was trained on and how it did.
    """

    spectrogram: SpectrogramSettings
    architecture: dict[str, Any]
    calibration: Calibration
    onnx: bytes
    parameters: dict[str, NDArray[np.float32]]
    card: dict[str, Any]

    @property
    def hash(self) -> str:
        """First 12 hex digits of the SHA-256 of network, settings and calibration: what decides a result."""
        digest = hashlib.sha256(self.onnx)
        digest.update(json.dumps(self._settings(), sort_keys=True).encode())
        return digest.hexdigest()[:12]

    def _settings(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "classes": list(CLASSES),
            "spectrogram": asdict(self.spectrogram),
            "architecture": self.architecture,
            "calibration": asdict(self.calibration),
        }


def check_target(path: str | Path) -> None:
    """Refuse a place where no weight file can be written, before an hour of training.

    Raises
    ------
    ModelError
        A folder, or a place that cannot be made.
    """
    path = Path(path)
    if path.is_dir():
        raise ModelError(
            f"{path} is a folder; name a file for the weights, for example {path / 'weights.zip'}"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"cannot write {path} ({error.strerror or error}); choose another place") from error


def write_weights(path: str | Path, weights: Weights) -> None:
    """Write a weight file, through a temporary name; the same weights give the same bytes.

    Raises
    ------
    ModelError
        The file cannot be written.
    """
    path = Path(path)
    head = {**weights._settings(), "hash": weights.hash, "card": weights.card}
    arrays = io.BytesIO()
    np.savez(arrays, allow_pickle=False, **weights.parameters)
    contents = (json.dumps(head, indent=1, ensure_ascii=False).encode(), weights.onnx, arrays.getvalue())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in zip(PARTS, contents, strict=True):
                file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)  # of no date
    except OSError as error:
        raise ModelError(f"cannot write {path} ({error.strerror or error}); choose another place") from error


def read_weights(name: str | Path = BUNDLED[0]) -> Weights:
    """Weights that travel with the package (``BUNDLED``, or "bundled"), or those of a file.

    Raises
    ------
    ModelError
        No such file; no weight file, a damaged one or one of another version; or contents whose hash is not
        the one it states.
    """
    label, source = _locate(str(name))
    try:
        with zipfile.ZipFile(source) as file:
            sizes = {entry.filename: entry.file_size for entry in file.infolist()}
            if set(sizes) != set(PARTS) or max(sizes.values()) > MAX_BYTES:
                raise ModelError(f"{label} is no weight file of tremorflow: it holds {sorted(sizes)[:5]}")
            card, onnx, arrays = (file.read(part) for part in PARTS)
        head = json.loads(card)
        with np.load(io.BytesIO(arrays), allow_pickle=False) as stored:
            parameters = {key: np.asarray(stored[key]) for key in stored.files}
    except (OSError, zipfile.BadZipFile, zlib.error, ValueError, EOFError, RuntimeError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{label} cannot be read as weights ({error}); copy or train them again") from error
    return _make_weights(label, head, onnx, parameters)


def format_card(weights: Weights) -> str:
    """Card of weights as JSON, for people: what they are, from what, how good, under which licences."""
    head = {"hash": weights.hash, "single_station_threshold": round(weights.calibration.threshold, 4)}
    return json.dumps(head | weights.card, indent=1, ensure_ascii=False)


def _locate(name: str) -> tuple[str, Any]:
    """Name for messages, and what ``zipfile`` opens."""
    chosen = BUNDLED[0] if name == "bundled" else name
    if chosen in BUNDLED:
        resource = files("tremorflow.resources") / "weights" / f"{chosen}.zip"
        if not resource.is_file():
            raise ModelError(f"the bundled weights {chosen!r} are missing; install tremorflow again")
        return f"bundled weights {chosen!r}", io.BytesIO(resource.read_bytes())
    if not Path(chosen).is_file():
        raise ModelError(f"no weights {chosen}: give a file, or one of {', '.join(BUNDLED)}")
    return chosen, chosen


def _make_weights(
    label: str, head: dict[str, Any], onnx: bytes, parameters: dict[str, NDArray[np.float32]]
) -> Weights:
    """Check what was read."""
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        found = head.get("format") if isinstance(head, dict) else None
        raise ModelError(
            f"{label} is of format {found}, this version reads {FORMAT}; train or fetch weights for it"
        )
    if head.get("classes") != list(CLASSES):
        raise ModelError(f"{label} tells {head.get('classes')} apart, not {list(CLASSES)}; they do not serve")
    try:
        spectrogram = SpectrogramSettings(**_tuples(head["spectrogram"]))
        calibration = Calibration(**_tuples(head["calibration"]))
        weights = Weights(
            spectrogram, _tuples(head["architecture"]), calibration, onnx, parameters, head["card"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{label}: settings are missing or wrong ({error}); train them again") from error
    if weights.hash != head.get("hash"):
        raise ModelError(
            f"{label}: contents have the hash {weights.hash}, not {head.get('hash')} as stated; the file is "
            "damaged or was changed by hand: copy it again"
        )
    return weights


def _tuples(tree: dict[str, Any]) -> dict[str, Any]:
    """Make tuples of the lists that JSON gives back."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in tree.items()}
