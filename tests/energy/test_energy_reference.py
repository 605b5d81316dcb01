"""Energy against values that were worked out elsewhere: METHOD.md section 5, the filter of preprocessing."""

import numpy as np
import pytest
from energy_scenes import burst_envelopes, network_at, passed_share, source_of

from tremorflow.energy import EnergySettings, energy_magnitude, estimate_energy
from tremorflow.energy.propagation import band_transmission

FORWARD = {  # v_rms (m/s) of three components: 1e4 J in 20 s, f = 4 Hz, no site term, by Q and distance (km)
    (85, 15): 7.3e-8,
    (250, 15): 1.1e-7,
    (85, 30): 1.9e-8,
    (250, 30): 4.4e-8,
    (85, 60): 2.7e-9,
    (250, 60): 1.4e-8,
}
FLAT = {"corner_hz": 1e-3, "site_loss_s": 0.0, "max_distance_km": 70.0}


@pytest.mark.parametrize(("quality", "distance_km"), FORWARD)
def test_motion_of_a_known_burst_gives_its_energy(quality, distance_km):
    network = network_at(np.full(5, float(distance_km)))
    v_rms = FORWARD[quality, distance_km] * np.sqrt(passed_share())
    envelopes = burst_envelopes(network, np.full(5, v_rms), noise=v_rms / 100)
    settings = EnergySettings(quality_factor=quality, **FLAT)
    found = estimate_energy(envelopes, source_of(), range(5), settings)
    # One frequency takes more from the far and the damped than the band does: 0.22 at 60 km for Q 85 (METHOD)
    band_effect = 0.22 if (quality, distance_km) == (85, 60) else 0.0
    assert np.log10(found.energy_j / 1e4) == pytest.approx(-band_effect, abs=0.1)


def test_band_without_attenuation_is_what_the_filter_of_preprocessing_passes():
    settings = EnergySettings(quality_factor=1e9, **FLAT)
    share = band_transmission(np.array([10.0]), (2.0, 8.0), settings.quality_factor, settings)
    assert share[0] == pytest.approx(passed_share(), rel=0.005)


@pytest.mark.parametrize(("energy_j", "me"), [(2.5e4, 0.0), (7.9e5, 1.0), (2.5e7, 2.0)])
def test_energy_magnitude(energy_j, me):
    assert energy_magnitude(energy_j) == pytest.approx(me, abs=0.01)
