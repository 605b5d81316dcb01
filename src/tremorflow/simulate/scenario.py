"""A scenario: everything that a simulation is made from, read from TOML or built in Python."""

import hashlib
import json
import tomllib
from dataclasses import asdict, fields, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tremorflow import __version__
from tremorflow.errors import SettingsError
from tremorflow.options import explain_mistake, option, settings_class, toml_value
from tremorflow.records import utc
from tremorflow.simulate.earthquakes import EarthquakeSettings
from tremorflow.simulate.geometry import NetworkSettings
from tremorflow.simulate.instrument import InstrumentSettings
from tremorflow.simulate.noise import NoiseSettings
from tremorflow.simulate.nuisances import NuisanceSettings
from tremorflow.simulate.outages import OutageSettings
from tremorflow.simulate.path import MediumSettings
from tremorflow.simulate.semireal import SemiRealSettings
from tremorflow.simulate.site import SiteSettings
from tremorflow.simulate.source import SourceSettings
from tremorflow.simulate.tremor import TremorSettings

NAMED = ("snet-day", "snet-quiet", "snet-half-hour", "two-sources", "weak", "outages", "cascadia-hour")
"""Scenarios that travel with the package."""


@settings_class
class Scenario:
    """Everything that a simulation is made from, but its truth, which follows from the seed."""

    name: str = option("scenario", unit="-", reason="for titles")
    description: str = option("", unit="-", reason="one line for lists")
    seed: int = option(1, unit="-", reason="same seed, same samples", ge=0)
    start: str = option("2020-01-01T00:00:00Z", unit="UTC", reason="any: simulated time is not real time")
    duration_s: float = option(3600.0, unit="s", reason="an hour is seen in a minute", gt=0, le=400 * 86400)
    sampling_rate_hz: float = option(
        100.0, unit="Hz", reason="of S-net, Hi-net and most networks; 25 is enough for 2-8 Hz", ge=20, le=250
    )
    network: NetworkSettings = NetworkSettings()
    medium: MediumSettings = MediumSettings()
    site: SiteSettings = SiteSettings()
    source: SourceSettings = SourceSettings()
    tremor: tuple[TremorSettings, ...] = ()
    semi_real: SemiRealSettings = SemiRealSettings()
    earthquakes: EarthquakeSettings = EarthquakeSettings()
    noise: NoiseSettings = NoiseSettings()
    nuisances: NuisanceSettings = NuisanceSettings()
    instrument: InstrumentSettings = InstrumentSettings()
    outages: tuple[OutageSettings, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a start that is no time, and rates whose tiles are no whole number of samples."""
        utc(self.start)
        if abs(self.sampling_rate_hz * 600 - round(self.sampling_rate_hz * 600)) > 1e-6:
            raise ValueError(
                f"sampling_rate_hz = {self.sampling_rate_hz}: 600 s must be a whole number of samples"
            )


_ADAPTER = TypeAdapter(Scenario)


def read_scenario(name: str | Path, **overrides: Any) -> Scenario:
    """Scenario of this name in the package (``NAMED``), or of a TOML file.

    Parameters
    ----------
    name
        One of ``NAMED``, or the path of a file. Paths in the file start at its folder.
    **overrides
        Top-level values to use instead of those of the file, as ``seed=3``; None leaves them.

    Raises
    ------
    SettingsError
        The file cannot be read, is no TOML, or has an unknown key or an impossible value, which is named.
    """
    if str(name) in NAMED:
        text = (files("tremorflow.resources") / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
        folder = Path.cwd()
    else:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"scenario {name} cannot be read ({error}); give a TOML file or one of {', '.join(NAMED)}"
            ) from error
        folder = Path(name).resolve().parent
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"scenario {name} is not TOML: {error}") from error
    if isinstance(tree.get("start"), date):  # TOML has times of its own
        tree["start"] = tree["start"].isoformat()
    for section, key in (("network", "stations"), ("semi_real", "library"), ("semi_real", "times")):
        part = tree.get(section)
        if isinstance(part, dict) and isinstance(part.get(key), str) and part[key]:
            part[key] = str(folder / Path(part[key]).expanduser())
    given = {key: value for key, value in overrides.items() if value is not None}
    if "duration_s" in given:
        tree = _shortened(tree, float(given["duration_s"]))
    return make_scenario(tree | given, str(name))


def _shortened(tree: dict[str, Any], duration_s: float) -> dict[str, Any]:
    """Copy of a scenario of which only the beginning is asked for: what begins later is not in it."""
    left = min(duration_s / float(tree.get("duration_s", duration_s)), 1.0)
    kept = {
        key: [dict(one) for one in tree.get(key, []) if one.get("start_s", 0.0) < duration_s]
        for key in ("tremor", "outages")
    }
    for one in kept["tremor"]:
        if "n_bursts" in one:
            one["n_bursts"] = int(one["n_bursts"] * left)
    return tree | kept


def make_scenario(tree: dict[str, Any], source: str = "scenario") -> Scenario:
    """Make a scenario from nested dictionaries; ``SettingsError`` names the path of the key that is wrong."""
    try:
        return _ADAPTER.validate_python(tree)
    except ValidationError as error:
        lines = [explain_mistake(details, Scenario()) for details in error.errors()]
        raise SettingsError(f"{source}: " + "; ".join(lines)) from error


def format_scenario(scenario: Scenario) -> str:
    """TOML text of a scenario, every value in it, that ``read_scenario`` reads back."""
    lines = [f"# a scenario of tremorflow {__version__}; everything made from it is simulated"]
    tables = []
    for entry in fields(scenario):
        value = getattr(scenario, entry.name)
        if hasattr(value, "__dataclass_fields__"):
            tables += ["", f"[{entry.name}]"]
            tables += [f"{one.name} = {toml_value(getattr(value, one.name))}" for one in fields(value)]
        else:
            lines.append(f"{entry.name} = {toml_value(value)}")
    return "\n".join(lines + tables) + "\n"


def hash_scenario(scenario: Scenario) -> str:
    """Short hash of all that the samples follow from, the version included."""
    tree = json.dumps([__version__, asdict(replace(scenario, description=""))], sort_keys=True)
    return hashlib.sha256(tree.encode()).hexdigest()[:12]
