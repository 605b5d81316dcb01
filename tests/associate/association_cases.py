"""Cases of tremor on S-net whose groups METHOD.md 7.3 tells, and what the stations say of them."""

import numpy as np

from tremorflow.records import Network
from tremorflow.simulate.geometry import NetworkSettings, simulated_network

KM_PER_DEGREE = 111.19
NORTH = (39.5, 143.3, 10.0)  # latitude, longitude, SNR at 25 km
SOUTH = (37.2, 141.9, 10.0)
PAIR = ((40.5, 143.3, 6.0), (39.4, 143.5, 6.0))  # 123 km apart

NORTH_GROUP = set(["S3N03", "S4N25", "S3N04", "S4N26", "S4N24", "S3N02", "S3N05", "S4N23", "S4N27", "S4N20"])
SOUTH_GROUP = set(
    [
        "S2N12",
        "S2N11",
        "S2N13A",
        "S2N14",
        "S2N10",
        "S2N03",
        "S2N15",
        "S2N02",
        "S2N17",
        "S2N18",
        "S2N04",
        "S2N16",
    ]
)
PAIR_GROUPS = (
    set(["S4N12", "S4N11", "S4N13", "S4N20", "S4N21", "S4N10", "S4N19", "S4N06"]),
    set(["S3N04", "S3N03", "S3N05", "S4N25", "S4N24", "S3N06", "S4N26"]),
)


def snet() -> Network:
    return simulated_network(NetworkSettings())


def p_tremor(network: Network, *sources: tuple[float, float, float]) -> np.ndarray:
    """(station,) logistic(8 (log10 SNR - 0.18)), SNR falling as 1/r with Q 200 (METHOD.md 7.3)."""
    east = (network.longitudes - 143) * np.cos(np.radians(38.5)) * KM_PER_DEGREE
    north = (network.latitudes - 38.5) * KM_PER_DEGREE
    power = np.zeros(len(network))
    for latitude, longitude, size in sources:
        x = (longitude - 143) * np.cos(np.radians(38.5)) * KM_PER_DEGREE
        r = np.hypot(np.hypot(east - x, north - (latitude - 38.5) * KM_PER_DEGREE), 15)
        power += (size * 25 / r * np.exp(-np.pi * 4 * (r - 25) / (200 * 3.5))) ** 2
    return 1 / (1 + np.exp(-np.clip(8 * (np.log10(np.sqrt(power)) - 0.18), -8, 8)))


def names(network: Network, members: np.ndarray) -> set[str]:
    """Station codes, without that of the network, of the members (station,)."""
    return {network.stations[k].station for k in np.flatnonzero(members)}
