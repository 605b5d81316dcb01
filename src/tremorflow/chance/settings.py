"""Settings of the chance rate; no part of the settings file, for they change no catalogue."""

from tremorflow.options import option, settings_class


@settings_class
class ChanceSettings:
    """How stations are shifted in time, and how often."""

    repeats: int = option(
        1, unit="-", reason="enough to see rates of some a day; ten of ten days bound 0 by 0.04 a day", ge=1
    )
    seed: int = option(1, unit="-", reason="same seed, same recordings: same rate", ge=0)
    apart_s: float = option(
        21600.0, unit="s", reason="DEFINITIONS: 6 h; longer than weather noise stays alike", gt=0
    )
    least_apart_s: float = option(
        600.0, unit="s", reason="two windows of 300 s: closer ones share the burst of a shaken network", gt=0
    )
    near_km: float = option(
        150.0,
        unit="km",
        reason="stations this near must be apart, and hear what the conventional method finds there: "
        "location.max_pair_distance_km",
        gt=0,
    )
    margin_s: float = option(
        300.0, unit="s", reason="around a window of tremor: a burst lasts 300 s at most (DEFINITIONS)", ge=0
    )
