"""Settings of the energy stage, and of the site terms that it needs."""

from tremorflow.options import option, settings_class


@settings_class
class EnergySettings:
    """How envelopes of a located burst become the energy that it radiated."""

    density_kg_m3: float = option(
        2700.0, unit="kg/m3", reason="of the medium that site terms refer to (DEFINITIONS)", gt=0
    )
    s_speed_m_s: float = option(3500.0, unit="m/s", reason="as density_kg_m3", gt=0)
    quality_factor: float = option(
        200.0, unit="-", reason="of S in 2-8 Hz; 85 (Takemura) to 250 (Akuhara et al. 2023) off Japan", gt=0
    )
    quality_error: float = option(
        0.3, unit="-", reason="relative, one standard deviation: the range of quality_factor", ge=0, lt=1
    )
    corner_hz: float = option(
        2.0,
        unit="Hz",
        reason="of S(f) = 1 / (1 + (corner / f)^2): velocity of tremor is flat above it (Ide et al. 2007); "
        "LFEs have 1-3 Hz (Bostock et al. 2015)",
        gt=0,
    )
    site_loss_s: float = option(
        0.05,
        unit="s",
        reason="kappa of 0.03 s, and sediment of 0.7 s at Q 30, leave exp(-2 pi f t) of the energy at the "
        "sea floor; site terms are means over the band, but what comes from afar has its energy at low f",
        ge=0,
    )
    band_order: int = option(
        4,
        unit="poles",
        reason="of the band-pass of the envelopes; in a run preprocess.band_order takes its place",
        ge=1,
    )
    max_distance_km: float = option(
        60.0, unit="km", reason="hypocentral: beyond, an error of Q of 30 % is one of 0.25 in log10", gt=0
    )
    wanted_stations: int = option(
        5,
        unit="stations",
        reason="their mean is good to 0.1 in log10; a source at the edge has fewer near",
        ge=1,
    )
    farthest_km: float = option(
        120.0,
        unit="km",
        reason="hypocentral, of stations that fill up: the error of Q, 0.5 in log10 there, is in that of E",
        gt=0,
    )
    min_snr: float = option(
        1.0,
        unit="-",
        reason="of a station, expected from the energy found: as for tremor windows (DEFINITIONS)",
        ge=0,
    )
    min_stations: int = option(
        2,
        unit="stations",
        reason="one may be disturbed; two that agree are not, and radiation is in the error",
        ge=1,
    )
    lead_s: float = option(
        4.0, unit="s", reason="added before the burst: smoothing of 0.2 Hz and errors of S times", ge=0
    )
    tail_s: float = option(
        25.0,
        unit="s",
        reason="added after it: scattered S come 2-4 s late, the coda falls by 1.3 dB/s (realism.py), so "
        "less than 1 % of the energy comes later",
        ge=0,
    )
    min_completeness: float = option(
        0.9,
        unit="-",
        reason="recorded share of the burst at a station; the rest is taken as the mean",
        gt=0,
        le=1,
    )
    background_reach_s: float = option(
        1800.0, unit="s", reason="background is taken this long before and after (DEFINITIONS)", gt=0
    )
    background_mean_s: float = option(
        120.0, unit="s", reason="power is averaged over this first (DEFINITIONS)", gt=0
    )
    background_percentile: float = option(
        10.0,
        unit="%",
        reason="of these means: quiet, and yet not the one quietest (DEFINITIONS)",
        ge=0,
        le=60,
    )
    vertical_share: float = option(
        0.14,
        unit="-",
        reason="of S energy: horizontals hold 5 times as much in California and Iceland, rays are steep in "
        "sediment (simulator: site.vertical_share)",
        ge=0,
        lt=1,
    )
    vertical_share_error: float = option(
        0.06, unit="-", reason="one standard deviation between stations, 0.06-0.25", ge=0, lt=1
    )
    unknown_amplification: float = option(
        2.0, unit="-", reason="of stations without a site term: bare rock; the energy is then relative", gt=0
    )
    epicentre_error_km: float = option(
        3.0, unit="km", reason="along each axis where the source does not say: median of located bursts", ge=0
    )
    depth_error_km: float = option(
        5.0, unit="km", reason="where the source does not say: a fixed depth may be that far off", ge=0
    )
    station_scatter: float = option(
        0.2,
        unit="log10",
        reason="sd between stations as expected before one sees them: counts as four stations, so that two "
        "that agree by chance do not make the error small",
        gt=0,
    )
    unknown_site_scatter: float = option(
        0.5,
        unit="log10",
        reason="more of it between stations without a site term: of the sea floor they are 4 to 40, 2 sd to "
        "either side, and energies go with their square",
        ge=0,
    )
    model_error: float = option(
        0.05, unit="log10", reason="of what all share: corner, band-pass, coda; 1-3 Hz change E by 0.04", ge=0
    )
