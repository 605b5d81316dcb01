"""All nuisances of a scenario: the truth first, then what renders it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tremorflow.simulate.nuisances.air_guns import draw_air_guns
from tremorflow.simulate.nuisances.cultural import draw_cultural
from tremorflow.simulate.nuisances.currents import draw_currents
from tremorflow.simulate.nuisances.local_bursts import draw_local_bursts
from tremorflow.simulate.nuisances.settings import NuisanceSettings
from tremorflow.simulate.nuisances.ships import draw_ships
from tremorflow.simulate.nuisances.sources import NuisancePart
from tremorflow.simulate.nuisances.t_phases import draw_t_phases
from tremorflow.simulate.nuisances.whales import draw_whales
from tremorflow.simulate.scene import Scene, Stream, Transients
from tremorflow.truth import truth_table

PARTS: dict[str, Callable[[Any, Scene], NuisancePart]] = {
    "t_phases": draw_t_phases,
    "ships": draw_ships,
    "air_guns": draw_air_guns,
    "whales": draw_whales,
    "currents": draw_currents,
    "local_bursts": draw_local_bursts,
    "cultural": draw_cultural,
}
"""What draws each kind, by the name of its settings."""


@dataclass(frozen=True, slots=True)
class Nuisances:
    """Truth of the nuisances (``nuisances.csv``) and the parts that render them."""

    table: pd.DataFrame
    transients: tuple[Transients, ...]
    streams: tuple[Stream, ...]


def draw_nuisances(settings: NuisanceSettings, scene: Scene) -> Nuisances:
    """Draw all nuisances that are switched on.

    Parameters
    ----------
    settings
        Switch, rate and strength of each kind.
    scene
        Stations, seed and grid; ``noise_rms`` is what strengths refer to.

    Returns
    -------
    Nuisances with a row for every source that a station can hear (SNR 0.5 or more) during the scenario,
    ordered by start. No kind changes another, no station another station, the sampling rate no row.
    """
    parts = [
        draw(getattr(settings, name), scene)
        for name, draw in PARTS.items()
        if settings.enabled and getattr(settings, name).enabled
    ]
    table = truth_table("nuisances", [row for part in parts for row in part.rows])
    return Nuisances(
        table=table.sort_values(["start_time", "kind", "stations"], ignore_index=True),
        transients=tuple(one for part in parts for one in part.transients),
        streams=tuple(one for part in parts for one in part.streams),
    )
