"""The simulator: a scenario and a seed -> recordings of a network, and the truth of what is in them."""

from tremorflow.simulate.envelopes import (
    EnvelopeSimulationSettings,
    TremorBurst,
    draw_burst_power,
    expected_amplitudes,
    simulate_envelopes,
)

__all__ = [
    "EnvelopeSimulationSettings",
    "TremorBurst",
    "draw_burst_power",
    "expected_amplitudes",
    "simulate_envelopes",
]
