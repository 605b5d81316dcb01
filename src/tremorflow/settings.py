"""All settings as one tree, read from a TOML file: every stage's own, and what a run needs besides."""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, asdict, fields
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from tremorflow import __version__
from tremorflow.associate.settings import AssociationSettings
from tremorflow.catalog.quality import CatalogSettings
from tremorflow.classifier.settings import ClassifierSettings
from tremorflow.energy.settings import EnergySettings
from tremorflow.errors import DataError, SettingsError
from tremorflow.locate.settings import LocationSettings
from tremorflow.options import explain_mistake, option, settings_class, toml_value
from tremorflow.preprocess import PreprocessSettings
from tremorflow.records import utc


@settings_class
class ArchiveSettings:
    """Where the recordings are. Relative paths start at the folder of the settings file."""

    path: str = option("", unit="-", reason="must be given: folder (SDS, WIN32 or any) or file of recordings")
    stations: str = option(
        "", unit="-", reason="StationXML, channel table or CSV; empty: the archive's own tables"
    )
    channel_table: str = option("", unit="-", reason="for WIN32; empty: the tables that lie beside the files")
    orientations: str = option(
        "", unit="-", reason="sensor rotation matrices; empty: azimuths of the StationXML"
    )
    site_terms: str = option(
        "",
        unit="-",
        reason="CSV of tremorflow site-terms, for the energies; empty: those of the stations, or unknown",
    )
    index_folder: str = option(
        "", unit="-", reason="where to keep the index; empty: in the archive if it is writable"
    )
    start: str = option("", unit="UTC", reason="empty: from the first recording")
    end: str = option("", unit="UTC", reason="empty: to the last recording")
    networks: tuple[str, ...] = option((), unit="-", reason="network codes to use; empty: all")
    exclude_stations: tuple[str, ...] = option((), unit="-", reason="codes like UW.GNW; empty: none")
    remove_response: bool = option(
        False,
        unit="-",
        reason="velocity sensors are flat in 2-8 Hz, and correlation needs no absolute amplitude",
    )
    chunk_s: float = option(
        3600.0,
        unit="s",
        reason="read at a time: 150 stations, 3 components at 100 Hz take 650 MB an hour",
        ge=60,
    )

    def __post_init__(self) -> None:
        """Refuse times that are none, and an end before the start."""
        start, end = (_time(name, getattr(self, name)) for name in ("start", "end"))
        if start is not None and end is not None and end <= start:
            raise ValueError(f"end = {self.end} must be after start = {self.start}")


def _time(name: str, text: str) -> np.datetime64 | None:
    """Time of a setting, None if it is empty."""
    try:
        return utc(text) if text else None
    except DataError as error:
        raise ValueError(f"{name} = {error}") from error


@settings_class
class VelocitySettings:
    """Travel times."""

    model: str = option(
        "jma2001", unit="-", reason="the only bundled model made for a subduction zone with S-net; or a file"
    )
    plate_interface: str = option(
        "", unit="-", reason='grid file, needed by location.depth = "interface" alone'
    )
    depth_step_km: float = option(
        1.0, unit="km", reason="table error below 0.02 s, a tenth of the noise of a delay", gt=0, le=10
    )


@settings_class
class Settings:
    """Every setting of a run."""

    archive: ArchiveSettings = ArchiveSettings()
    velocity: VelocitySettings = VelocitySettings()
    preprocess: PreprocessSettings = PreprocessSettings()
    classifier: ClassifierSettings = ClassifierSettings()
    association: AssociationSettings = AssociationSettings()
    location: LocationSettings = LocationSettings()
    energy: EnergySettings = EnergySettings()
    catalog: CatalogSettings = CatalogSettings()

    def __post_init__(self) -> None:
        """Refuse windows that do not fall on the samples of the envelopes."""
        rate_hz = self.preprocess.envelope_rate_hz
        for name in ("window_s", "step_s"):
            samples = getattr(self.location, name) * rate_hz
            if abs(samples - round(samples)) > 1e-6:
                raise ValueError(
                    f"location.{name} = {getattr(self.location, name)} must be a whole number of samples of "
                    f"the envelopes (preprocess.envelope_rate_hz = {rate_hz})"
                )


class SettingRow(NamedTuple):
    """One setting: path of the key, value, unit and the reason for its default."""

    key: str
    value: Any
    unit: str
    reason: str


_ADAPTER = TypeAdapter(Settings)
_PATHS = {
    "archive": ("path", "stations", "channel_table", "orientations", "site_terms", "index_folder"),
    "velocity": ("model", "plate_interface"),
    "classifier": ("weights",),
}


def read_settings(path: str | Path) -> Settings:
    """Read settings from a TOML file; paths in it are made absolute, from the folder of the file.

    Raises
    ------
    SettingsError
        The file cannot be read, is not TOML, or has an unknown key or an impossible value.
    """
    path = Path(path)
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read ({error.strerror}); give the path of a settings file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} is not TOML: {error}; `tremorflow settings` prints a file to start from"
        ) from error
    for name in ("start", "end"):  # TOML has times of its own
        section = tree.get("archive")
        if isinstance(section, dict) and isinstance(section.get(name), date):
            section[name] = section[name].isoformat()
    return make_settings(_with_absolute_paths(tree, path.resolve().parent), str(path))


def make_settings(tree: dict[str, Any], source: str = "settings") -> Settings:
    """Make settings from nested dictionaries; ``SettingsError`` names the path of the key that is wrong."""
    try:
        return _ADAPTER.validate_python(tree)
    except ValidationError as error:
        lines = [explain_mistake(details, Settings()) for details in error.errors()]
        raise SettingsError(f"{source}: " + "; ".join(lines)) from error


def list_settings(settings: Settings) -> Iterator[SettingRow]:
    """Rows of all settings with the values in force, section by section."""
    for section in fields(settings):
        stage = getattr(settings, section.name)
        for entry in fields(stage):
            extra = _field_info(entry).json_schema_extra
            about: dict[str, Any] = extra if isinstance(extra, dict) else {}
            value = getattr(stage, entry.name)
            yield SettingRow(f"{section.name}.{entry.name}", value, str(about["unit"]), str(about["reason"]))


def format_settings(settings: Settings) -> str:
    """TOML text of all settings, each with its unit and the reason for its default as a comment."""
    lines = [f"# tremorflow {__version__}: every setting, its value, unit and the reason for its default."]
    section = ""
    for row in list_settings(settings):
        head, name = row.key.split(".", 1)
        if head != section:
            section = head
            title = type(getattr(settings, head)).__doc__ or ""
            lines += ["", f"[{head}]  # {title.splitlines()[0]}"]
        unit = "" if row.unit == "-" else f"{row.unit}; "
        lines.append(f"{name} = {toml_value(row.value)}  # {unit}{row.reason}")
    return "\n".join(lines) + "\n"


def hash_settings(settings: Settings, *contents: bytes) -> str:
    """Short hash of all settings that change the result, of what their files hold, and of the version.

    Parameters
    ----------
    settings
        Settings; where files lie does not count.
    *contents
        Bytes of what the files hold: stations, orientations, velocity model, plate interface, weights.
    """
    tree = asdict(settings)
    for place in (*_PATHS["archive"], "chunk_s"):
        del tree["archive"][place]
    del tree["velocity"]["model"], tree["velocity"]["plate_interface"], tree["classifier"]["weights"]
    digest = hashlib.sha256(json.dumps([__version__, tree], sort_keys=True).encode())
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:12]


def _with_absolute_paths(tree: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Copy of the tree with the paths of files in it absolute; bundled model names stay."""
    result = dict(tree)
    for section, names in _PATHS.items():
        if isinstance(result.get(section), dict):
            stage = dict(result[section])
            for name in names:
                value = stage.get(name)
                if (
                    isinstance(value, str)
                    and value
                    and (name not in {"model", "weights"} or (folder / value).is_file())
                ):
                    stage[name] = str(folder / Path(value).expanduser())
            result[section] = stage
    return result


def _field_info(entry: Any) -> FieldInfo:
    """Pydantic's description of a field made by ``option``."""
    info = entry.default if entry.default is not MISSING else None
    if not isinstance(info, FieldInfo):
        raise SettingsError(f"setting {entry.name} was not declared with option()")
    return info
