"""Settings of DiET in a run."""

from tremorflow.options import option, settings_class


@settings_class
class ClassifierSettings:
    """Which weights tell noise, tremor and earthquakes apart."""

    weights: str = option(
        "bundled",
        unit="-",
        reason="mixed (real and simulated windows), simulated, or a file of your own (tremorflow adapt)",
    )
