"""Weight files: what is written comes back, and damaged, foreign or changed ones are refused by name."""

import contextlib
import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from tremorflow.classifier.calibrate import Calibration
from tremorflow.classifier.infer import Classifier
from tremorflow.classifier.weights import (
    BUNDLED,
    PARTS,
    Weights,
    check_target,
    format_card,
    read_weights,
    write_weights,
)
from tremorflow.errors import ModelError
from tremorflow.spectrogram import SpectrogramSettings


def toy(onnx=b"network", **changes):
    weights = Weights(
        SpectrogramSettings(),
        {"channels": (8, 8), "scaling": "background"},
        Calibration((1.0, 1.1, 0.9), (0.0, 0.1, -0.1), 0.83),
        onnx,
        {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3)},
        {"name": "toy"},
    )
    return replace(weights, **changes)


def test_weights_come_back_as_they_were(tmp_path):
    write_weights(tmp_path / "w.zip", toy())
    found = read_weights(tmp_path / "w.zip")
    assert found.hash == toy().hash
    assert (found.spectrogram, found.calibration, found.card) == (
        toy().spectrogram,
        toy().calibration,
        toy().card,
    )
    assert found.architecture == toy().architecture
    np.testing.assert_array_equal(found.parameters["a.weight"], toy().parameters["a.weight"])
    assert not list(tmp_path.glob("*.part"))


def test_the_same_weights_give_the_same_bytes(tmp_path):
    write_weights(tmp_path / "a.zip", toy())
    write_weights(tmp_path / "b.zip", toy())
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_hash_follows_all_that_decides_a_result_and_not_the_card():
    base = toy().hash
    assert toy(card={"name": "other"}).hash == base
    changed = (
        toy(onnx=b"other"),
        toy(spectrogram=SpectrogramSettings(frame_s=2.0)),
        toy(calibration=Calibration(threshold=0.5)),
    )
    assert len({base, *(one.hash for one in changed)}) == 4


def rewritten(path, change):
    """Weight file with its head changed by a function."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in PARTS}
    head = json.loads(parts["card.json"])
    change(head)
    parts["card.json"] = json.dumps(head).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda head: head.update(format=99), "format 99, this version reads 1"),
        (lambda head: head.update(classes=["cat", "dog"]), "tells .*cat.* apart"),
        (lambda head: head["calibration"].update(threshold=0.1), "hash .* not .* as stated"),
        (lambda head: head["spectrogram"].update(frame_s=2.0), "hash"),
        (lambda head: head["spectrogram"].update(band_hz=[9.0, 1.0]), "settings are missing or wrong"),
        (lambda head: head.pop("architecture"), "settings are missing or wrong"),
    ],
)
def test_files_of_another_kind_or_changed_by_hand_are_refused(tmp_path, change, words):
    path = tmp_path / "w.zip"
    write_weights(path, toy())
    rewritten(path, change)
    with pytest.raises(ModelError, match=words):
        read_weights(path)


def test_damaged_and_foreign_files_are_refused(tmp_path):
    path = tmp_path / "w.zip"
    write_weights(path, toy())
    whole = path.read_bytes()
    for content in (b"", b"garbage", whole[: len(whole) // 2], whole[:60] + b"\0" * 40 + whole[100:]):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"w\.zip"):
            read_weights(path)
    for place in range(0, len(whole), 7):  # encrypted, of another version, of another length ...
        for flip in (0x01, 0xFF):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
            with contextlib.suppress(ModelError):  # any other error fails the test; some bytes do not matter
                read_weights(path)
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("readme.txt", "hello")
    path.write_bytes(other.getvalue())
    with pytest.raises(ModelError, match=r"no weight file of tremorflow.*readme"):
        read_weights(path)
    with pytest.raises(ModelError, match=r"no weights .*nowhere.zip.*mixed, simulated"):
        read_weights(tmp_path / "nowhere.zip")


def test_a_place_that_cannot_be_written_is_refused_before_any_work(tmp_path):
    check_target(tmp_path / "new" / "w.zip")
    with pytest.raises(ModelError, match=r"is a folder; name a file"):
        check_target(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="choose another place"):
        check_target(tmp_path / "file" / "w.zip")


def test_bundled_weights_that_are_not_there_are_said(monkeypatch, tmp_path):
    monkeypatch.setattr("tremorflow.classifier.weights.files", lambda _: tmp_path)
    with pytest.raises(ModelError, match="'simulated' are missing; install"):
        read_weights("simulated")


def test_a_network_that_is_none_or_of_another_shape_is_refused():
    with pytest.raises(ModelError, match="cannot open the network"):
        Classifier(toy())
    bundled = read_weights()
    with pytest.raises(ModelError, match="does not fit together"):
        Classifier(replace(bundled, spectrogram=SpectrogramSettings(window_s=60.0)))


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_weights_say_what_they_are(name):
    weights = read_weights(name)
    card = weights.card
    assert card["name"] == name
    assert "not the authors' model" in card["note"]
    assert {"made", "version", "commit", "windows", "scores", "licences"} <= set(card)
    assert 0.5 <= weights.calibration.threshold < 1
    assert weights.hash in format_card(weights)


def test_bundled_is_the_first_of_them():
    assert read_weights("bundled").hash == read_weights(BUNDLED[0]).hash
