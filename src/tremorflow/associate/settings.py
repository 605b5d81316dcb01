"""Settings of GrASP: how the station graph is cut into groups."""

from typing import Literal

from tremorflow.options import option, settings_class

Method = Literal["sources", "persistence", "components", "k_core", "dbscan"]


@settings_class
class AssociationSettings:
    """How stations that hear tremor are put into groups, one for each source."""

    method: Method = option(
        "sources",
        unit="-",
        reason="tells two sources apart where the network hears both; persistence does not (bench grasp)",
    )
    radius_km: float = option(
        80.0,
        unit="km",
        reason="stations this near are neighbours: S-net's are 30 km, its lines 60 km apart",
        gt=0,
    )
    smoothing_km: float = option(
        25.0,
        unit="km",
        reason="log-odds are averaged over neighbours: a nearest station counts as a third",
        gt=0,
    )
    min_probability: float = option(
        0.5, unit="-", reason="of a member; its neighbours count with whatever they have", gt=0, lt=1
    )
    persistence: float = option(
        1.0,
        unit="log-odds",
        reason="a peak this much above the pass to a higher one is a source of its own (METHOD.md 7.3)",
        ge=0,
    )
    min_stations: int = option(
        2,
        unit="stations",
        reason="one errs a few times a day; that two neighbours do at once, and the rest fits, is rare",
        ge=1,
    )
    episode_overlap: float = option(
        0.3,
        unit="-",
        reason="stations in common over all, of groups of one episode (METHOD.md 7.3)",
        gt=0,
        le=1,
    )
    episode_km: float = option(
        30.0, unit="km", reason="or as near as this: fronts move by less within windows (METHOD.md 7.3)", ge=0
    )
    neighbour_km: float = option(
        60.0,
        unit="km",
        reason="from a member: stations that locate with it if member_probability allows (METHOD.md 7.2)",
        ge=0,
    )
    earthquake_km: float = option(
        60.0, unit="km", reason="around a group's place, where stations say whether it is an earthquake", gt=0
    )
    source_km: float = option(
        70.0,
        unit="km",
        reason="from a group's place to its source at most, where site terms are known: nine in ten are "
        "within 45 (bench grasp); what is located farther is mostly an earthquake outside (simulated days)",
        gt=0,
    )
    group_odds: float = option(
        0.8,
        unit="log-odds",
        reason="of a group as sure of tremor as of an earthquake around it: bench group_probability",
    )
    group_slope: float = option(
        5.1,
        unit="log-odds",
        reason="less, if all around it are sure of an earthquake and none of tremor: as group_odds",
        ge=0,
    )
    min_neighbours: int = option(
        2, unit="stations", reason="k of the k-core; and what a core point of DBSCAN needs", ge=1
    )
    penalty: float = option(
        8.0, unit="log likelihood", reason="of each source of the fit: errors of neighbours are alike", ge=0
    )
    node_km: float = option(15.0, unit="km", reason="between trial sources: half of a station spacing", gt=0)
    margin_km: float = option(
        50.0,
        unit="km",
        reason="trial sources lie this near to a station; farther ones cannot be placed",
        ge=0,
    )
    depth_km: float = option(16.0, unit="km", reason="of trial sources: METHOD.md 8, off Sanriku", ge=0)
    quality_factor: float = option(200.0, unit="-", reason="of S in 2-8 Hz: METHOD.md 7.1", gt=0)
    s_speed_km_s: float = option(3.5, unit="km/s", reason="as quality_factor", gt=0)
    odds_silent: float = option(
        -8.3, unit="log-odds", reason="of tremor where there is none: bundled weights, fitted by bench grasp"
    )
    odds_loud: float = option(6.7, unit="log-odds", reason="of loud tremor: as odds_silent")
    odds_snr: float = option(0.56, unit="-", reason="SNR half way between: as odds_silent", gt=0)
    odds_steepness: float = option(1.8, unit="-", reason="per factor e of SNR: as odds_silent", gt=0)
    spread_silent: float = option(
        1.4, unit="log-odds", reason="sd about the curve where there is no tremor: as odds_silent", gt=0
    )
    spread_loud: float = option(
        4.0, unit="log-odds", reason="sd about the curve of loud tremor: as odds_silent", gt=0
    )
    odds_freedom: float = option(
        3.0,
        unit="-",
        reason="degrees of freedom of Student's t: 1 in 1000 of noise is 6 sd out (simulated S-net, a day)",
        gt=0,
    )
    outliers: float = option(
        0.02,
        unit="-",
        reason="stations that say anything: false alarms and faults, 1 % in METHOD.md 7.1",
        gt=0,
        lt=1,
    )
    member_probability: float = option(
        0.2,
        unit="-",
        reason="of a station that should hear a source: it counts though it is not sure",
        gt=0,
        lt=1,
    )
    heard_snr: float = option(
        0.56, unit="-", reason="where a source is expected to be heard: as odds_snr", gt=0
    )
    dbscan_km: float = option(55.0, unit="km", reason="as TremorLocator's (METHOD.md 7.1)", gt=0)
    dbscan_probability: float = option(0.9, unit="-", reason="as dbscan_km", gt=0, lt=1)
