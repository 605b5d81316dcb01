"""The settings print, read back, refuse and hash as a user counts on."""

import tomllib
from dataclasses import FrozenInstanceError, asdict, fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tremorflow.catalog.quality import CatalogSettings
from tremorflow.errors import SettingsError
from tremorflow.locate import LocationSettings
from tremorflow.options import option, settings_class
from tremorflow.settings import (
    ArchiveSettings,
    Settings,
    format_settings,
    hash_settings,
    list_settings,
    make_settings,
    read_settings,
)

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
UNITS = {"-", "s", "h", "Hz", "km", "deg", "dB", "UTC", "poles", "pairs", "stations", "events", "%"}
UNITS |= {"km/s", "m/s", "kg/m3", "log10", "log-odds", "log likelihood"}


def test_defaults_print_and_read_back_the_same():
    assert make_settings(tomllib.loads(format_settings(Settings()))) == Settings()


def test_every_setting_is_printed_with_its_unit_and_reason():
    printed = [line for line in format_settings(Settings()).splitlines() if " = " in line]
    rows = list(list_settings(Settings()))
    for line, row in zip(printed, rows, strict=True):
        assert line.startswith(f"{row.key.split('.', 1)[1]} = ")
        assert line.endswith(row.reason if row.unit == "-" else f"  # {row.unit}; {row.reason}")


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
codes = st.lists(st.text("ABCXYZ019.", min_size=1, max_size=6), max_size=4).map(tuple)
trees = st.fixed_dictionaries(
    {
        "archive": st.fixed_dictionaries(
            {"path": texts, "networks": codes, "exclude_stations": codes, "remove_response": st.booleans()}
        ),
        "preprocess": st.fixed_dictionaries(
            {"band_hz": st.tuples(st.floats(0.5, 3.0), st.floats(4.0, 9.0)), "flat_s": st.floats(0.1, 1e3)}
        ),
        "location": st.fixed_dictionaries(
            {
                "window_s": st.integers(150, 10**6).map(float),
                "depth": st.sampled_from(["free", "fixed", "interface"]),
                "min_pairs": st.integers(3, 10**6),
                "velocity_sigma": st.floats(0, 1e-9) | st.floats(0, 1),
            }
        ),
        "catalog": st.fixed_dictionaries({"merge_duplicates": st.booleans()}),
    }
)


@given(trees)
def test_any_settings_print_and_read_back_the_same(tree):
    settings = make_settings(tree)
    assert make_settings(tomllib.loads(format_settings(settings))) == settings


def test_a_file_counts_paths_from_its_own_folder(tmp_path):
    (tmp_path / "model.csv").write_text("0 5 3\n")
    path = tmp_path / "config.toml"
    path.write_text(
        '[archive]\npath = "sds"\nstations = "/elsewhere/stations.xml"\n'
        '[velocity]\nmodel = "model.csv"\nplate_interface = "sub/plate.grd"\n'
    )
    settings = read_settings(path)
    assert settings.archive.path == str(tmp_path / "sds")
    assert settings.archive.stations == "/elsewhere/stations.xml"
    assert settings.archive.orientations == ""
    assert settings.velocity.model == str(tmp_path / "model.csv")
    assert settings.velocity.plate_interface == str(tmp_path / "sub" / "plate.grd")


def test_a_bundled_model_keeps_its_name(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('[velocity]\nmodel = "jma2001"\n')
    assert read_settings(path).velocity.model == "jma2001"


def test_what_a_file_does_not_say_keeps_its_default(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[location]\nmin_pairs = 12\n")
    settings = read_settings(path)
    assert settings == Settings(location=LocationSettings(min_pairs=12))


WRONG = [  # what a user writes, and what the refusal must say
    ({"location": {"min_pair": 5}}, ["location.min_pair", "did you mean min_pairs"]),
    ({"locate": {"min_pairs": 5}}, ["locate", "did you mean location"]),
    ({"location": {"xyz": 1}}, ["location.xyz", "known are", "window_s"]),
    ({"location": {"min_pairs": 2}}, ["location.min_pairs", "2", "greater than or equal to 3"]),
    ({"location": {"min_pairs": "many"}}, ["location.min_pairs", "many"]),
    ({"location": {"window_s": -300.0}}, ["location.window_s", "-300"]),
    ({"location": {"depth": "deep"}}, ["location.depth", "deep", "'free'"]),
    ({"location": {"window_s": float("inf")}}, ["location.window_s", "finite"]),
    ({"location": {"velocity_sigma": float("nan")}}, ["location.velocity_sigma", "finite"]),
    ({"location": 5}, ["location"]),
    ({"preprocess": {"band_hz": [8.0, 2.0]}}, ["preprocess", "band_hz", "low < high"]),
    ({"preprocess": {"band_hz": [2.0]}}, ["preprocess.band_hz"]),
    ({"preprocess": {"band_hz": [2.0, 20.0]}}, ["preprocess", "working_rate_hz"]),
    ({"archive": {"start": "soon"}}, ["archive", "soon"]),
    ({"archive": {"start": "2020-05-25", "end": "2020-05-24"}}, ["archive", "must be after"]),
    ({"archive": {"networks": "UW"}}, ["archive.networks"]),
    ({"velocity": {"depth_step_km": 0.0}}, ["velocity.depth_step_km"]),
]


@pytest.mark.parametrize(("tree", "words"), WRONG, ids=[str(tree) for tree, _ in WRONG])
def test_wrong_settings_are_refused_with_the_path_of_the_key(tree, words):
    with pytest.raises(SettingsError) as refusal:
        make_settings(tree, "config.toml")
    for word in ["config.toml", *words]:
        assert word in str(refusal.value)


def test_every_mistake_is_told_at_once():
    with pytest.raises(SettingsError, match=r"(?s)location\.min_pairs.*catalog\.nonsense"):
        make_settings({"location": {"min_pairs": 0}, "catalog": {"nonsense": 1}})


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"[location\n", "not TOML"), (b"\xff\xfe\x00", "not TOML"), (None, "cannot be read")],
)
def test_a_file_that_is_none_is_refused_by_name(tmp_path, content, word):
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=word) as refusal:
        read_settings(path)
    assert "config.toml" in str(refusal.value)


def test_a_folder_is_no_settings_file(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path)


def test_every_setting_has_a_unit_and_a_reason():
    rows = list(list_settings(Settings()))
    assert len({row.key for row in rows}) == len(rows) > 40
    for row in rows:
        assert row.unit in UNITS, row
        assert len(row.reason) > 5, row


def test_every_setting_is_listed_with_the_value_in_force():
    listed = {row.key: row.value for row in list_settings(Settings(location=LocationSettings(min_pairs=77)))}
    sections = {section.name: asdict(getattr(Settings(), section.name)) for section in fields(Settings)}
    assert listed.keys() == {f"{section}.{name}" for section, stage in sections.items() for name in stage}
    assert listed["location.min_pairs"] == 77


def test_names_of_physical_settings_carry_their_unit():
    suffixes = {"s": "_s", "Hz": "_hz", "km": "_km", "deg": "_deg", "dB": "_db", "h": "_h"}
    for row in list_settings(Settings()):
        if row.unit in suffixes:
            assert row.key.endswith(suffixes[row.unit]), row


def test_settings_cannot_be_changed_once_made():
    with pytest.raises((FrozenInstanceError, ValidationError)):
        Settings().location.min_pairs = 3  # type: ignore[misc]


def test_an_option_without_unit_cannot_be_declared():
    with pytest.raises(TypeError, match="unit"):
        option(1.0, reason="none")


def test_a_settings_class_refuses_what_it_does_not_know():
    @settings_class
    class StageSettings:
        """Of a stage."""

        length_s: float = option(2.0, unit="s", reason="for this test", gt=0)

    assert StageSettings().length_s == 2.0
    with pytest.raises(ValidationError):
        StageSettings(width_s=1.0)
    with pytest.raises(ValidationError):
        StageSettings(length_s=0.0)


def test_the_hash_is_that_of_the_science():
    first = hash_settings(Settings())
    assert first == hash_settings(make_settings({}))
    assert len(first) == 12
    for changed in (
        Settings(location=LocationSettings(min_pairs=9)),
        Settings(catalog=CatalogSettings(merge_duplicates=False)),
        Settings(archive=ArchiveSettings(networks=("UW",))),
        Settings(archive=ArchiveSettings(remove_response=True)),
        Settings(archive=ArchiveSettings(start="2020-05-24")),
    ):
        assert hash_settings(changed) != first


def test_every_scientific_setting_changes_the_hash():
    first = hash_settings(Settings())
    for section in ("preprocess", "location", "catalog"):
        stage = getattr(Settings(), section)
        for entry in fields(stage):
            value = getattr(stage, entry.name)
            if isinstance(value, bool):
                changed = replace(stage, **{entry.name: not value})
            elif isinstance(value, int):
                changed = replace(stage, **{entry.name: value + 1})
            else:
                continue
            assert hash_settings(replace(Settings(), **{section: changed})) != first, entry.name


def test_where_the_files_lie_does_not_change_the_hash_but_what_they_hold_does():
    moved = ArchiveSettings(
        path="/a/b", stations="s.xml", channel_table="t.ch", orientations="o.csv", index_folder="/tmp/i"
    )
    assert hash_settings(Settings(archive=moved)) == hash_settings(Settings())
    assert hash_settings(replace(Settings(), archive=ArchiveSettings(chunk_s=60.0))) == hash_settings(
        Settings()
    )
    assert hash_settings(Settings(), b"model 1") != hash_settings(Settings(), b"model 2")
    assert hash_settings(Settings(), b"model", b"plate") != hash_settings(Settings(), b"plate", b"model")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_the_examples_are_settings(path):
    assert read_settings(path).archive.path.startswith("/data/")
