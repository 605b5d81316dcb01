"""Tremor put at places that are listed, paired or uniform inside of the network."""

from dataclasses import replace

import numpy as np

from tremorflow.errors import DataError, SettingsError
from tremorflow.geodesy import LocalFrame
from tremorflow.records import FloatArray, Network
from tremorflow.simulate.geometry import draw_inside, is_inside, network_outline
from tremorflow.simulate.streams import generator
from tremorflow.simulate.tremor_bursts import MAX_GAP_S, Burst, draw_durations, split_bursts
from tremorflow.simulate.tremor_settings import TremorSettings, energies_of, refusal

PAIR_SHORTEST_S = 100.0
"""Bursts of pairs last at least this long, so that both fill a good part of a 120-s window."""

MAX_TRIES = 1000  # a separation that fits into the network nowhere in so many tries does not fit


def listed_bursts(
    index: int, settings: TremorSettings, _network: Network, end_s: float, _seed: int
) -> list[Burst]:
    """Bursts as the user lists them, longer ones in pieces of at most 300 s."""
    if settings.start_s:
        raise refusal(index, settings, "start_s", "each burst of the list has its own; leave it 0")
    last_end: dict[tuple[float, float, float], tuple[float, int]] = {}
    bursts: list[Burst] = []
    for k in sorted(range(len(settings.bursts)), key=lambda k: settings.bursts[k][0]):
        start_s, duration_s, latitude, longitude, depth_km, energy_j = settings.bursts[k]
        if start_s + duration_s > end_s:
            raise SettingsError(
                f"tremor[{index}].bursts[{k}] ends {start_s + duration_s} s after the start, beyond {end_s} s"
            )
        place = (latitude, longitude, depth_km)
        before_s, other = last_end.get(place, (-np.inf, -1))
        if start_s < before_s + MAX_GAP_S:
            raise SettingsError(
                f"tremor[{index}].bursts[{k}] starts less than {MAX_GAP_S:.0f} s after bursts[{other}] of "
                "the same place has ended: that is one burst; join them or move one"
            )
        last_end[place] = (start_s + duration_s, k)
        bursts.append(
            Burst(f"list-{index}-{k:03d}", start_s, duration_s, place, energy_j, settings.lfe_interval_s)
        )
    return [replace(burst, number=k) for k, burst in enumerate(split_bursts(bursts))]


def _outline(index: int, settings: TremorSettings, network: Network) -> FloatArray:
    """Corners (corner, 2) of the area to draw in."""
    if settings.polygon:
        return np.array(settings.polygon, dtype=np.float64)
    try:
        return network_outline(network)
    except DataError as error:
        raise refusal(index, settings, "polygon", str(error)) from error


def _spread_out(
    index: int, settings: TremorSettings, lengths_s: FloatArray, end_s: float, rng: np.random.Generator
) -> FloatArray:
    """Draw starts (item,) in s of items of these lengths, at least ``min_interval_s`` apart."""
    count = len(lengths_s)
    free_s = end_s - settings.start_s - lengths_s.sum() - max(count - 1, 0) * settings.min_interval_s
    if free_s < 0:
        raise refusal(
            index,
            settings,
            "n_bursts",
            f"need {-free_s:.0f} s more than there are; lower it or min_interval_s",
        )
    before_s = np.concatenate([[0], np.cumsum(lengths_s + settings.min_interval_s)[:-1]]) if count else 0.0
    return np.asarray(settings.start_s + np.sort(rng.uniform(0, free_s, count)) + before_s)


def _depths(settings: TremorSettings, count: int, rng: np.random.Generator) -> FloatArray:
    """Depths (burst,) in km around the settings' depth, never above sea level."""
    scatter = settings.depth_scatter_km * rng.standard_normal(count)
    return np.asarray(np.maximum(settings.depth_km + scatter, 0.0))


def uniform_bursts(
    index: int, settings: TremorSettings, network: Network, end_s: float, seed: int
) -> list[Burst]:
    """Single bursts anywhere inside the network: recall against size and place."""
    rng = generator(seed, "tremor", index, "uniform")
    count = settings.n_bursts
    limits_s = (settings.burst_min_s, settings.burst_max_s)
    durations_s = draw_durations(limits_s, settings.burst_scale_s, count, rng)
    starts_s = _spread_out(index, settings, durations_s, end_s, rng)
    latitudes, longitudes = draw_inside(_outline(index, settings, network), count, rng)
    depths_km = _depths(settings, count, rng)
    energies = energies_of(settings, "log_uniform", count, rng)
    return [
        Burst(
            f"uniform-{index}-{k:05d}",
            float(starts_s[k]),
            float(durations_s[k]),
            (float(latitudes[k]), float(longitudes[k]), float(depths_km[k])),
            float(energies[k]),
            settings.lfe_interval_s,
            k,
        )
        for k in range(count)
    ]


def pairs_bursts(
    index: int, settings: TremorSettings, network: Network, end_s: float, seed: int
) -> list[Burst]:
    """Pairs of simultaneous bursts, both inside the network."""
    rng = generator(seed, "tremor", index, "pairs")
    count = settings.n_bursts
    limits_s = (max(settings.burst_min_s, PAIR_SHORTEST_S), settings.burst_max_s)
    if limits_s[0] > limits_s[1]:
        raise refusal(
            index, settings, "burst_max_s", f"bursts of pairs last {PAIR_SHORTEST_S:.0f} s at least"
        )
    durations_s = rng.uniform(*limits_s, (count, 2))
    delays_s = np.stack([np.zeros(count), rng.uniform(0, settings.pair_delay_s, count)], axis=-1)
    starts_s = _spread_out(index, settings, (delays_s + durations_s).max(axis=1), end_s, rng)
    energies = np.repeat(energies_of(settings, "log_uniform", count, rng)[:, None], 2, axis=1)
    energies[:, 1] *= settings.pair_energy_factor ** rng.uniform(-1, 1, count)
    depths_km = _depths(settings, 2 * count, rng).reshape(count, 2)
    outline = _outline(index, settings, network)
    bursts = []
    for k in range(count):
        places = _two_places(index, settings, outline, k, rng)
        bursts += [
            Burst(
                f"pair-{k:03d}" if index == 0 else f"pair-{index}-{k:03d}",
                float(starts_s[k] + delays_s[k, i]),
                float(durations_s[k, i]),
                (*places[i], float(depths_km[k, i])),
                float(energies[k, i]),
                settings.lfe_interval_s,
                2 * k + i,
            )
            for i in range(2)
        ]
    return bursts


def _two_places(
    index: int, settings: TremorSettings, outline: FloatArray, pair: int, rng: np.random.Generator
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Latitude and longitude of two points inside the outline, as far apart as the pair must be."""
    if settings.separations_km:
        separation_km = settings.separations_km[pair % len(settings.separations_km)]
    else:
        separation_km = float(rng.uniform(settings.separation_min_km, settings.separation_max_km))
    for _ in range(MAX_TRIES):
        latitude, longitude = (float(x[0]) for x in draw_inside(outline, 1, rng))
        azimuth = rng.uniform(0, 2 * np.pi)
        offset = separation_km * np.array([np.sin(azimuth), np.cos(azimuth)])
        other = LocalFrame(latitude, longitude).to_degrees(*offset)
        if bool(is_inside(outline, *other)):
            return (latitude, longitude), (float(other[0]), float(other[1]))
    raise refusal(
        index,
        settings,
        "separations_km" if settings.separations_km else "separation_max_km",
        f"no two places {separation_km:.0f} km apart were found inside the network or polygon",
    )
