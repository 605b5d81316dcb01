"""Settings of simulated tremor, and how a value that does not fit its scenario is refused."""

from typing import Any, Literal

import numpy as np

from tremorflow.errors import SettingsError
from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray
from tremorflow.simulate.tremor_bursts import MAX_BURST_S, MAX_GAP_S, draw_energies


@settings_class
class TremorSettings:
    """Tremor of one kind; a scenario has any number of them. Only some options serve each kind."""

    kind: Literal["episode", "bursts", "pairs", "uniform"] = option(
        "episode",
        unit="-",
        reason="what tremor does; bursts are listed, pairs and uniform ones test detection",
    )
    start_s: float = option(0.0, unit="s", reason="from the start of the scenario on", ge=0)
    duration_s: float = option(0.0, unit="s", reason="0: to the end of the scenario or of the path", ge=0)
    log10_energy_min: float = option(3.5, unit="log10 J", reason="Me -0.6: below the noise at most stations")
    log10_energy_max: float = option(6.5, unit="log10 J", reason="Me 1.4 (METHOD.md 5: 4.4 + 1.5 Me)")
    log10_energy_typical: float = option(
        5.0, unit="log10 J", reason="Me 0.4; the scale of the exponential law, seen within some 50 km"
    )
    size_law: Literal["by_kind", "exponential", "log_uniform"] = option(
        "by_kind",
        unit="-",
        reason="episodes exponential in amplitude (Watanabe et al. 2007), tests log-uniform: all sizes",
    )
    burst_min_s: float = option(20.0, unit="s", reason="tremor lasts tens of seconds", gt=1, le=MAX_BURST_S)
    burst_max_s: float = option(300.0, unit="s", reason="DEFINITIONS.md", gt=1, le=MAX_BURST_S)
    burst_scale_s: float = option(
        40.0,
        unit="s",
        reason="exponential above the shortest: median 48, 95th percentile 140 s; runs of LFE of one family "
        "in Cascadia (Plourde et al. 2015) have 33 and 110 s",
        gt=0,
    )
    lfe_interval_s: float = option(
        2.0, unit="s", reason="LFEs overlap into tremor at one in 1-3 s", ge=0.2, le=10
    )
    latitude: float = option(39.6, unit="deg", reason="centre of an episode: off Sanriku", ge=-90, le=90)
    longitude: float = option(143.2, unit="deg", reason="as latitude", ge=-180, le=360)
    depth_km: float = option(16.0, unit="km", reason="METHOD.md 8: without a plate interface", ge=0, le=100)
    depth_scatter_km: float = option(2.0, unit="km", reason="roughness of the interface", ge=0, le=20)
    strike_deg: float = option(198.0, unit="deg", reason="of the plate under S-net (slab2 fit)")
    along_strike_km: float = option(60.0, unit="km", reason="path of the front in an episode", gt=0)
    width_km: float = option(25.0, unit="km", reason="of the belt of tremor, across strike", gt=0)
    patch_spacing_km: float = option(5.0, unit="km", reason="between patches that repeat", gt=0)
    front_km: float = option(10.0, unit="km", reason="patches within this of the front are active", gt=0)
    migration_km_per_day: float = option(
        10.0, unit="km/day", reason="along strike in Shikoku and Cascadia (Obara 2010; Shelly et al. 2007)"
    )
    reversals_per_day: float = option(
        0.0, unit="1/day", reason="rapid reversals of the migration; an extra", ge=0
    )
    reversal_ratio: float = option(
        25.0, unit="-", reason="20-40 times as fast as the front (Houston et al. 2011)", gt=0
    )
    reversal_s: float = option(3600.0, unit="s", reason="they last hours", gt=0)
    bursts_per_hour: float = option(
        12.0, unit="1/h", reason="on average one in each 5-min window: an active episode", gt=0, le=360
    )
    rate_spread: float = option(
        1.0, unit="-", reason="natural log rms of that rate: an episode comes and goes", ge=0, le=3
    )
    rate_change_s: float = option(7200.0, unit="s", reason="waxes and wanes over hours", ge=600)
    n_bursts: int = option(100, unit="-", reason="bursts or pairs of the kinds uniform and pairs", ge=0)
    min_interval_s: float = option(
        300.0, unit="s", reason="quiet between them, so that 300-s windows hold one", ge=MAX_GAP_S
    )
    polygon: tuple[tuple[float, float], ...] = option(
        (), unit="deg", reason="latitude, longitude of corners; empty: the hull of the network"
    )
    separations_km: tuple[float, ...] = option(
        (), unit="km", reason="of pairs, in turn; empty: drawn between the next two"
    )
    separation_min_km: float = option(40.0, unit="km", reason="where sources cannot be told apart", gt=0)
    separation_max_km: float = option(300.0, unit="km", reason="where they are surely apart", gt=0)
    pair_delay_s: float = option(30.0, unit="s", reason="simultaneous within a window", ge=0, le=300)
    pair_energy_factor: float = option(2.0, unit="-", reason="of equal size within this factor", ge=1)
    bursts: tuple[tuple[float, float, float, float, float, float], ...] = option(
        (),
        unit="s, s, deg, deg, km, J",
        reason="start, duration, latitude, longitude, depth, energy of each burst of the kind bursts",
    )

    def __post_init__(self) -> None:
        """Refuse limits that contradict each other, and impossible bursts."""
        for low, high in (
            ("log10_energy_min", "log10_energy_max"),
            ("burst_min_s", "burst_max_s"),
            ("separation_min_km", "separation_max_km"),
        ):
            if getattr(self, low) > getattr(self, high):
                raise ValueError(
                    f"{low} = {getattr(self, low)} must not exceed {high} = {getattr(self, high)}"
                )
        if self.polygon and len(self.polygon) < 3:
            raise ValueError(f"polygon has {len(self.polygon)} corners; it needs three or none")
        if any(separation <= 0 for separation in self.separations_km):
            raise ValueError(f"separations_km = {self.separations_km} must be positive")
        for k, (start_s, duration_s, latitude, _, depth_km, energy_j) in enumerate(self.bursts):
            if start_s < 0 or duration_s < 1 or abs(latitude) > 90 or depth_km < 0 or energy_j <= 0:
                raise ValueError(
                    f"bursts[{k}] = {self.bursts[k]} needs start >= 0, duration >= 1 s, a latitude, "
                    "depth >= 0 and energy > 0"
                )


def refusal(index: int, settings: TremorSettings, key: str, why: str) -> SettingsError:
    """Make the error that names the key, its value and what is wrong with it."""
    value: Any = getattr(settings, key)
    return SettingsError(f"tremor[{index}].{key} = {value}: {why}")


def _typical(settings: TremorSettings, law: str) -> float | None:
    """Scale of the exponential law, None where sizes are log-uniform."""
    chosen = law if settings.size_law == "by_kind" else settings.size_law
    return settings.log10_energy_typical if chosen == "exponential" else None


def energies_of(settings: TremorSettings, law: str, count: int, rng: np.random.Generator) -> FloatArray:
    """Draw energies (burst,) in J by the settings' law, or that of their kind."""
    limits = (settings.log10_energy_min, settings.log10_energy_max)
    return draw_energies(limits, _typical(settings, law), count, rng)
