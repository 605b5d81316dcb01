"""Settings of the location by envelope correlation."""

from math import sqrt
from typing import Literal

from tremorflow.options import option, settings_class


@settings_class
class LocationSettings:
    """Location by envelope correlation, after Mizuno & Ide (2019)."""

    window_s: float = option(300.0, unit="s", reason="Wech & Creager (2008), Mizuno & Ide (2019)", ge=10)
    step_s: float = option(150.0, unit="s", reason="half a window: no burst falls between two", ge=1)
    grid_spacing_deg: float = option(
        0.1,
        unit="deg",
        reason="11 km, 3 s of S moveout: correlation peaks of 0.2-Hz envelopes are wider; refined later",
        gt=0,
        le=1,
    )
    grid_margin_deg: float = option(
        0.5,
        unit="deg",
        reason="sources farther outside of the network than 50 km have no useful errors",
        ge=0,
    )
    depth: Literal["free", "fixed", "interface"] = option(
        "free",
        unit="-",
        reason="assumes nothing; offshore, where depth is not resolved, use 'interface' or 'fixed'",
    )
    fixed_depth_km: float = option(
        16.0, unit="km", reason="plate depth of Japan Trench tremor is 10-25 km (Tanaka et al. 2019)", ge=0
    )
    min_depth_km: float = option(0.0, unit="km", reason="sea level", ge=0)
    max_depth_km: float = option(
        60.0, unit="km", reason="deepest tremor of subduction zones is at 45-60 km", gt=0
    )
    depth_spacing_km: float = option(
        10.0, unit="km", reason="S times differ by less than 1.5 s between nodes at 30 km distance", gt=0
    )
    depth_sigma_km: float = option(
        5.0,
        unit="km",
        reason="plate models differ by about 5 km; enters the error ellipse when the depth is not free",
        ge=0,
    )
    max_pair_distance_km: float = option(
        150.0,
        unit="km",
        reason="Mizuno & Ide (2019) use 100; far pairs fix the place, those that do not correlate do no harm",
        gt=0,
    )
    max_station_distance_km: float = option(
        150.0, unit="km", reason="beyond, tremor is below the noise on almost every station", gt=0
    )
    min_completeness: float = option(
        0.5, unit="-", reason="DEFINITIONS: a window counts from half of its samples on", gt=0, le=1
    )
    pair_correlation: float = option(
        0.55,
        unit="-",
        reason="Mizuno & Ide (2019) use 0.6; 0.55 finds a fifth more at 0.1 chance events an hour",
        gt=0,
        lt=1,
    )
    stack_correlation: float = option(
        0.4,
        unit="-",
        reason="below, a pair adds < 0.09 to a log likelihood of tens; above, it steadies the place",
        ge=0,
        lt=1,
    )
    template_correlation: float = option(0.4, unit="-", reason="Mizuno & Ide (2019)", gt=0, lt=1)
    min_pairs: int = option(
        6, unit="pairs", reason="METHOD.md 7.2 F: as many as four stations have if all agree", ge=3
    )
    min_stations: int = option(
        5, unit="stations", reason="four unknowns and one to see a contradiction; enveloc's sta_min", ge=4
    )
    max_sources: int = option(4, unit="-", reason="more were never seen in one window on 150 stations", ge=1)
    min_separation_km: float = option(
        50.0, unit="km", reason="closer sources are not told apart by envelopes (METHOD.md 7.2 F)", gt=0
    )
    min_new_pairs: int = option(
        8,
        unit="pairs",
        reason="a further source must explain pairs that the others do not (METHOD.md 7.2 F)",
        ge=1,
    )
    slowest_km_s: float = option(
        2.5,
        unit="km/s",
        reason="of S across a network; T phases cross it at 1.5, and are no source in it",
        gt=0,
    )
    fastest_km_s: float = option(
        8.0, unit="km/s", reason="of S of local sources; what comes from far below runs faster", gt=0
    )
    plane_wave_ratio: float = option(
        1.1,
        unit="-",
        reason="log likelihood of such a plane wave over that of the source: as rival_likelihood, inverted",
        ge=1,
    )
    power_cap: float = option(
        6.0,
        unit="-",
        reason="power over that of its distance at most, when a source is taken out: two sd of site terms",
        ge=1,
    )
    quality_factor: float = option(
        200.0, unit="-", reason="of S in 2-8 Hz, for that decay alone: METHOD.md 7.1", gt=0
    )
    s_speed_km_s: float = option(3.5, unit="km/s", reason="as quality_factor", gt=0)
    small_groups: bool = option(
        True,
        unit="-",
        reason="a group whose delays give no place is placed by its probabilities too, flagged small_group",
    )
    small_group_gain: float = option(
        0.25,
        unit="log likelihood",
        reason="per sample, mean of components, sum of pairs: one pair of 0.63; noise of two had 0.22",
        gt=0,
    )
    small_group_samples: float = option(
        20.0,
        unit="-",
        reason="independent ones of a 0.2-Hz envelope in 50 s, a usual burst; fewer, and ellipses hold the "
        "truth too often",
        gt=0,
    )
    uncorrelated: bool = option(
        False,
        unit="-",
        reason="small groups by probabilities alone: a third is no burst, errors are 10-20 km (bench chain)",
    )
    uncorrelated_gain: float = option(
        10.0,
        unit="log likelihood",
        reason="that the probabilities must then have: two above the penalty of the association",
        ge=0,
    )
    uncorrelated_probability: float = option(
        0.9,
        unit="-",
        reason="of its surest station: between 0.5 and 0.8 earthquakes rival tremor, and most are false",
        gt=0,
        lt=1,
    )
    uncorrelated_excess: float = option(
        5.0,
        unit="log likelihood",
        reason="by which all stations around may say more of its place than it gains: if they say more, they "
        "hear something larger, mostly an earthquake",
        ge=0,
    )
    max_residual_s: float = option(
        4.0, unit="s", reason="S moveout over half a grid step (2 s) and four site delays", gt=0
    )
    site_sigma_s: float = option(
        0.5, unit="s", reason="prior of station terms of Akuhara et al. (2023): sediment, topography", ge=0
    )
    velocity_sigma: float = option(
        0.029,
        unit="-",
        reason="relative error of a regional 1-D S velocity: rms of a uniform law over +-5 %",
        ge=0,
    )
    rival_likelihood: float = option(
        0.9,
        unit="-",
        reason="a maximum elsewhere with 90 % of the log likelihood is a rival: noise changes it by 10 %",
        gt=0,
        lt=1,
    )
    max_azimuthal_gap_deg: float = option(
        180.0, unit="deg", reason="beyond, the source is outside of its stations", gt=0, le=360
    )

    @property
    def pair_sigma_s(self) -> float:
        """Standard deviation of the difference of two unknown site delays, in s."""
        return sqrt(2) * self.site_sigma_s

    def __post_init__(self) -> None:
        """Refuse settings that contradict each other."""
        if self.step_s > self.window_s:
            raise ValueError(f"step_s = {self.step_s} must not exceed window_s = {self.window_s}")
        if self.max_depth_km <= self.min_depth_km:
            raise ValueError(
                f"max_depth_km = {self.max_depth_km} must exceed min_depth_km = {self.min_depth_km}"
            )
