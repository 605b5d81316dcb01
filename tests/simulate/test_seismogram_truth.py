"""What is radiated is what arrives: energy, METHOD.md's forward check, arrival times, the sediment."""

import numpy as np
import pytest
from simulated_scenes import EPICENTRE, Setting, band_integral, one_burst, ring_network

from tremorflow.simulate.site import Site, SiteSettings, draw_sites, site_response
from tremorflow.traveltime import read_velocity_model, station_travel_times

CHECK = "METHOD.md section 5: v_rms of three components, tau 20 s, 1e4 J, S = 1"


def transmitted(distances_km, quality):
    """Band integral of exp(-2 pi f r / (Q beta)) over that of 1, in closed form, for a flat spectrum."""
    k = 2 * np.pi * distances_km / (quality * 3.5)
    return (np.exp(-2 * k) - np.exp(-8 * k)) / (6 * k)


def estimate_energy(sources, ground, rate_hz, quality=200.0):
    """Energy (J) from each station by DEFINITIONS.md: site term, attenuation and spreading undone."""
    distances = sources.rays[0, :, 2]
    received = np.array(
        [band_integral(sources.motion(0, k).motion, rate_hz) for k in range(len(ground.sites))]
    )
    terms = np.array([site.amplification for site in ground.sites])
    return (
        4 * np.pi * 2700 * 3500 * (distances * 1e3) ** 2 * received
        / transmitted(distances, quality) / terms**2
    )  # fmt: skip


@pytest.mark.parametrize("rate_hz", [25.0, 100.0])
def test_energy_comes_back_in_a_whole_space(rate_hz):
    network = ring_network(np.linspace(5, 70, 12), elevation_m=0.0)
    setting = Setting("whole_space", "isotropic", "none", rate_hz)
    energies = estimate_energy(*one_burst(network, setting), rate_hz)
    assert abs(np.log10(np.mean(energies) / 1e5)) < 0.05
    # the LFEs of one burst interfere, its spectrum is not flat: far stations may be off by more
    assert np.all(np.abs(np.log10(energies / 1e5)) < 0.1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_energy_comes_back_in_full_mode(seed):
    network = ring_network(np.linspace(5, 70, 24), seed=seed)
    setting = Setting(seed=seed)
    energies = estimate_energy(*one_burst(network, setting), setting.rate_hz)
    assert abs(np.log10(np.mean(energies) / 1e5)) < 0.15


@pytest.mark.parametrize(
    ("distance_km", "quality", "rms"),
    [
        (15, 85, 7.3e-8),
        (15, 250, 1.1e-7),
        (30, 85, 1.9e-8),
        (30, 250, 4.4e-8),
        (60, 85, 2.7e-9),
        (60, 250, 1.4e-8),
    ],
)
def test_forward_check_of_the_method(distance_km, quality, rms):
    """The check takes f = 4 Hz, so here only a narrow band around 4 Hz stands for the whole energy."""
    network = ring_network([0.01], elevation_m=0.0)
    setting = Setting(
        "whole_space", "isotropic", "none", energy_j=1e4, duration_s=20.0, n_lfe=60,
        depth_km=float(distance_km), quality_factor=float(quality),
    )  # fmt: skip
    sources, _ = one_burst(network, setting)
    near_4_hz = band_integral(sources.motion(0, 0).motion, setting.rate_hz, 3.75, 4.25)
    lossless = Setting(**{**setting.__dict__, "quality_factor": 1e9})
    free, _ = one_burst(network, lossless)
    unit = free.motion(0, 0).motion
    share = near_4_hz / band_integral(unit, setting.rate_hz, 3.75, 4.25)
    v_rms = np.sqrt(band_integral(unit, setting.rate_hz) * share / 20.0)
    assert rms / 1.3 < v_rms < rms * 1.3, CHECK


def test_waves_arrive_when_traveltime_says():
    network = ring_network([8.0, 30.0, 60.0, 90.0])
    setting = Setting(site="none", rate_hz=100.0, n_lfe=1, duration_s=0.0)
    sources, _ = one_burst(network, setting)
    model = read_velocity_model("jma2001")
    for phase, quiet_s in (("P", 0.3), ("S", None)):
        times = station_travel_times(model, network, [0.0, 10.0, 16.0, 20.0], 200.0, phase).times(
            *EPICENTRE, setting.depth_km
        )
        for k, time_s in enumerate(times):
            transient = sources.motion(0, k)
            since_s = transient.first_sample / 100.0 + np.arange(transient.motion.shape[1]) / 100.0 - 100.0
            power = np.sum(transient.motion.astype(float) ** 2, axis=0)
            if quiet_s is not None:  # P: nothing before it
                assert power[since_s < time_s - quiet_s].sum() < 1e-3 * power[since_s < time_s + 2].sum()
            else:  # S: the direct wave is the largest peak near its time
                near = np.abs(since_s - time_s) < 0.5
                before = np.abs(since_s - time_s + 1.0) < 0.5
                assert power[near].max() > 4 * power[before].max()


def test_sediment_resonates_delays_and_amplifies():
    site = Site(10.0, True, 0.2, 0.4, 1.8, 40.0, 0.1, 0.1)
    frequencies = np.linspace(0, 12.5, 5001)
    response = site_response(site, frequencies)
    in_band = (frequencies >= 2) & (frequencies <= 8)
    power = np.abs(response.s_horizontal) ** 2 + np.abs(response.s_vertical) ** 2
    assert np.mean(power[in_band]) == pytest.approx(100.0, rel=0.02)
    around = (frequencies > 0.3) & (frequencies < 0.7)
    peak = frequencies[around][np.argmax(np.abs(response.s_horizontal[around]))]
    assert peak == pytest.approx(0.4 / (4 * 0.2), rel=0.05)  # v / 4h
    impulse = np.fft.irfft(response.s_horizontal, 10000)
    first = np.argmax(np.abs(impulse) > 0.3 * np.abs(impulse).max()) / 25.0
    assert first == pytest.approx(0.2 / 0.4 - 0.2 / 3.0, abs=0.06)
    assert site.s_delay_s == pytest.approx(0.2 / 0.4 - 0.2 / 3.0)


def test_sediment_lengthens_what_arrives():
    def half_energy_s(kind):
        network = ring_network([20.0] * 8, seed=4)
        setting = Setting(site=kind, n_lfe=1, duration_s=0.0)
        sources, _ = one_burst(network, setting)
        widths = []
        for k in range(8):
            power = np.cumsum(np.sum(sources.motion(0, k).motion.astype(float) ** 2, axis=0))
            inside = (power > 0.1 * power[-1]) & (power < 0.9 * power[-1])
            widths.append(inside.sum() / setting.rate_hz)
        return np.mean(widths)

    assert half_energy_s("sediment") > half_energy_s("none") + 0.3


def test_sites_do_not_depend_on_their_neighbours():
    network = ring_network(np.linspace(5, 70, 6))
    whole = draw_sites(network, SiteSettings(), 3)
    assert draw_sites(network.subset([4, 1]), SiteSettings(), 3) == (whole[4], whole[1])
    assert len(set(whole)) == 6
