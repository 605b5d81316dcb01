"""Settings of the estimate of site terms."""

from tremorflow.options import option, settings_class


@settings_class
class SiteTermSettings:
    """How the motion of earthquakes becomes the site terms of stations."""

    min_magnitude: float = option(1.8, unit="-", reason="smaller ones are heard by too few stations of S-net")
    max_magnitude: float = option(
        4.5, unit="-", reason="larger ones clip near stations and are not points: corner below 2 Hz"
    )
    min_distance_km: float = option(
        10.0, unit="km", reason="hypocentral: nearer, errors of depth are errors of distance", gt=0
    )
    max_distance_km: float = option(100.0, unit="km", reason="METHOD.md 5: 15-100 km", gt=0)
    min_snr: float = option(
        3.0, unit="-", reason="over the window: noise is then a tenth of the energy", gt=0
    )
    min_stations: int = option(
        4, unit="stations", reason="an earthquake seen by fewer says little of their differences", ge=2
    )
    min_earthquakes: int = option(
        4, unit="-", reason="of a station: radiation and paths differ by a factor 2 in amplitude", ge=1
    )
    max_earthquakes: int = option(
        300, unit="-", reason="the largest; sigma is then a few per cent, and reading takes its time", ge=1
    )
    lead_s: float = option(
        1.0, unit="s", reason="before S: errors of time and the smoothing, without much of P", ge=0
    )
    tail_s: float = option(
        15.0,
        unit="s",
        reason="after S: direct and forward-scattered waves; delays of sediment reach 1.5 s",
        gt=0,
    )
    background_s: float = option(
        300.0, unit="s", reason="recorded before P, for the noise: five windows of 60 s", ge=120
    )
    apart_s: float = option(
        120.0, unit="s", reason="from any larger earthquake of the catalogue: their S do not mix", ge=0
    )
    corner_hz: float = option(
        8.0, unit="Hz", reason="velocity spectra of M 2-3.5 rise within the band: corners of 4-24 Hz", gt=0
    )
    solve_quality: bool = option(
        True, unit="-", reason="Q of the paths and the site terms explain each other's misfit (METHOD.md 5)"
    )
    quality_factor: float = option(
        200.0, unit="-", reason="to begin with, or as it is: energy.quality_factor", gt=0
    )
    quality_scatter: float = option(
        0.5, unit="ln", reason="sd of 1/Q before one sees data: distances alone may not tell it", gt=0
    )
    site_scatter: float = option(
        1.5,
        unit="ln",
        reason="sd of site terms before one sees data: 4-40 on the sea floor; damps little",
        gt=0,
    )
    shape_scatter: float = option(
        0.07,
        unit="ln",
        reason="added to sigma: sites differ within the band, where earthquakes have other spectra than "
        "tremor; more earthquakes do not average that out",
        ge=0,
    )
    reference_amplification: float = option(
        2.0,
        unit="-",
        reason="mean of the stations where none is known: rock; the terms are then relative",
        gt=0,
    )
