"""Settings of preprocessing."""

from typing import Literal

from tremorflow.options import option, settings_class
from tremorflow.records import NANOSECONDS

USABLE = (
    0.8  # share of half the sampling rate that anti-alias filters, a recorder's and ours, leave untouched
)


@settings_class
class PreprocessSettings:
    """How recordings become envelopes."""

    band_hz: tuple[float, float] = option(
        (2.0, 8.0),
        unit="Hz",
        reason="tremor stands highest above noise here; Obara (2002), Mizuno & Ide (2019)",
    )
    band_order: int = option(
        4,
        unit="poles",
        reason="passed twice; 10 as in Mizuno & Ide needs 7 s of context, 4 needs 3 s",
        ge=1,
        le=12,
    )
    working_rate_hz: float = option(
        25.0,
        unit="Hz",
        reason="lowest round rate that holds 8 Hz below 0.8 of half the rate; 4 x cheaper than 100",
        gt=0,
    )
    envelope_corner_hz: float = option(0.2, unit="Hz", reason="Mizuno & Ide (2019)", gt=0)
    envelope_order: int = option(
        2,
        unit="poles",
        reason="passed twice; undershoots by 4 % of a peak, in 9 s (order 4: 13 %, 18 s; 10: 20 %, 40 s)",
        ge=1,
        le=12,
    )
    envelope_rate_hz: float = option(
        1.0, unit="Hz", reason="5 samples per period of the corner; Mizuno & Ide", gt=0
    )
    components: Literal["horizontal", "all"] = option(
        "horizontal",
        unit="-",
        reason="S waves dominate tremor; stations without horizontals use what they have",
    )
    min_completeness: float = option(
        0.75,
        unit="-",
        reason="share of the smoothing that must be recorded; the sample's time is then off by < 0.25 s",
        gt=0,
        le=1,
    )
    flat_s: float = option(
        1.0, unit="s", reason="2 periods of the lowest frequency without a change: not the ground", gt=0
    )
    water_level_db: float = option(
        60.0, unit="dB", reason="ObsPy's default; acts only outside the band", gt=0
    )

    def __post_init__(self) -> None:
        """Refuse settings that contradict each other."""
        low, high = self.band_hz
        if not 0 < low < high:
            raise ValueError(f"band_hz = {self.band_hz}: needs 0 < low < high")
        if high > USABLE * self.working_rate_hz / 2:
            raise ValueError(
                f"working_rate_hz = {self.working_rate_hz} must be >= {2 * high / USABLE} for {high} Hz"
            )
        if self.envelope_rate_hz < 4 * self.envelope_corner_hz:
            raise ValueError(f"envelope_rate_hz = {self.envelope_rate_hz} must be >= 4 envelope_corner_hz")
        if (self.working_rate_hz / self.envelope_rate_hz) % 1 or (NANOSECONDS / self.envelope_rate_hz) % 1:
            raise ValueError(
                f"envelope_rate_hz = {self.envelope_rate_hz} must divide working_rate_hz = "
                f"{self.working_rate_hz} and have an interval of whole nanoseconds"
            )
