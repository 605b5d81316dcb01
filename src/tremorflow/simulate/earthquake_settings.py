"""Settings of simulated earthquakes, near and far."""

from tremorflow.options import option, settings_class


@settings_class
class EarthquakeSettings:
    """How many earthquakes there are, of what size, and where."""

    enabled: bool = option(True, unit="-", reason="no recording of days is without")
    rate_per_day: float = option(
        37.0,
        unit="1/day/100,000 km2",
        reason="mainshocks of magnitude_min and more: 150 a day around S-net, with aftershocks 260; the "
        "USGS list has 30 M >= 5 a year in its hull (2016-2019), b = 1",
        ge=0,
    )
    b_value: float = option(1.0, unit="-", reason="Gutenberg & Richter; 0.9-1.4 in that list", ge=0.5, le=2)
    magnitude_min: float = option(
        1.5, unit="-", reason="just below completeness 1.6 of S-net (Tamaribuchi 2021)", ge=-1, le=6
    )
    magnitude_max: float = option(
        6.5, unit="-", reason="beyond it a recording is nothing but that earthquake", ge=0, le=9
    )
    share_interface: float = option(0.5, unit="-", reason="most of the catalogue off NE Japan", ge=0)
    share_slab: float = option(0.3, unit="-", reason="below the plate boundary, to 60 km under it", ge=0)
    share_crust: float = option(0.2, unit="-", reason="above the plate boundary", ge=0)
    interface_depth_km: float = option(
        23.7, unit="km", reason="plane fitted to slab2 under S-net, at its centre (rms 7.6 km)", ge=1, le=80
    )
    interface_dip_deg: float = option(10.1, unit="deg", reason="of that plane", ge=0, le=45)
    interface_dip_direction_deg: float = option(288.0, unit="deg", reason="of that plane")
    depth_max_km: float = option(100.0, unit="km", reason="deepest slab event near the network", ge=5, le=100)
    clustered_share: float = option(
        0.5, unit="-", reason="half of the mainshocks in clusters, half anywhere", ge=0, le=1
    )
    clusters: int = option(15, unit="-", reason="clusters that are drawn if no places are given", ge=1)
    places: tuple[tuple[float, float], ...] = option(
        (), unit="deg", reason="latitude, longitude of clusters, as right among the tremor; empty: drawn"
    )
    cluster_km: float = option(10.0, unit="km", reason="standard deviation of a cluster", gt=0)
    margin_km: float = option(
        50.0, unit="km", reason="earthquakes this far outside of the stations are drawn too", gt=0
    )
    aftershocks: bool = option(True, unit="-", reason="they crowd into hours and look like swarms")
    bath_difference: float = option(
        1.2, unit="-", reason="mainshock minus largest aftershock (Bath 1965)", ge=0, le=3
    )
    omori_p: float = option(1.1, unit="-", reason="median of sequences (Utsu et al. 1995)", gt=0.5, le=2)
    omori_c_s: float = option(864.0, unit="s", reason="0.01 day, as good local catalogues show", gt=0)
    aftershock_days: float = option(30.0, unit="day", reason="Bath's law counts about this long", gt=0)
    regional_per_day: float = option(
        1.0,
        unit="1/day",
        reason="M >= 4, 300-800 km away: the USGS list has 110 a year just outside of S-net's hull",
        ge=0,
    )
    regional_magnitude_min: float = option(4.0, unit="-", reason="smaller ones drown", ge=2, le=7)
    regional_near_km: float = option(300.0, unit="km", reason="from the network's centre", gt=0)
    regional_far_km: float = option(
        800.0, unit="km", reason="to which travel times along one model serve", gt=0, le=850
    )
    teleseisms_per_day: float = option(
        0.6,
        unit="1/day",
        reason="M >= 5.5: about 480 a year on Earth, 43 % of its surface is 30-90 degrees away",
        ge=0,
    )
    teleseism_magnitude_min: float = option(5.5, unit="-", reason="smaller ones drown", ge=5, le=8)
    teleseism_magnitude_max: float = option(8.0, unit="-", reason="one a year is larger", ge=5, le=9)
    t_star_min_s: float = option(0.5, unit="s", reason="attenuation of P: tail to 5 Hz", gt=0.1, le=2)
    t_star_max_s: float = option(1.0, unit="s", reason="attenuation of P: nothing above 2 Hz", gt=0.1, le=2)

    def __post_init__(self) -> None:
        """Refuse limits that contradict each other."""
        for low, high in (
            ("magnitude_min", "magnitude_max"),
            ("teleseism_magnitude_min", "teleseism_magnitude_max"),
            ("regional_near_km", "regional_far_km"),
            ("t_star_min_s", "t_star_max_s"),
        ):
            if getattr(self, low) > getattr(self, high):
                raise ValueError(
                    f"{low} = {getattr(self, low)} must not exceed {high} = {getattr(self, high)}"
                )
        if self.share_interface + self.share_slab + self.share_crust <= 0:
            raise ValueError("share_interface, share_slab and share_crust must not all be 0")
        if any(abs(latitude) > 90 for latitude, _ in self.places):
            raise ValueError(f"places = {self.places} must be latitude, longitude")
