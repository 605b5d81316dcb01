"""Where a simulated network stands, and drawing places inside of it."""

from importlib.resources import files

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import ConvexHull, QhullError

from tremorflow.errors import DataError, SettingsError
from tremorflow.geodesy import LocalFrame
from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray, Network, Station
from tremorflow.simulate.streams import generator

BUNDLED_NETWORKS = ("snet", "hinet_like", "cascadia")

HINET_SPACING_KM = 24.0
"""Hi-net stands on a grid of 20-25 km (Okada et al. 2004)."""

LAND_OUTLINES = (
    (  # Shikoku, (latitude, longitude), good to some km
        *((34.35, 134.15), (34.2, 134.6), (33.85, 134.75), (33.25, 134.18), (33.5, 133.6), (33.0, 133.1)),
        *((32.75, 132.95), (32.95, 132.5), (33.35, 132.15), (33.85, 132.65), (34.1, 132.95), (34.0, 133.5)),
        (34.3, 133.75),
    ),
    (  # Kii peninsula
        *((34.55, 135.4), (34.25, 135.1), (33.85, 135.1), (33.45, 135.75), (33.75, 136.05), (34.1, 136.35)),
        *((34.3, 136.9), (34.7, 136.6)),
    ),
)


@settings_class
class NetworkSettings:
    """Which stations record."""

    name: str = option(
        "snet",
        unit="-",
        reason="the network the method was made for; also hinet_like (drawn) and cascadia",
    )
    stations: str = option(
        "", unit="path", reason="StationXML or station table of a network of one's own; empty: as name says"
    )
    select: tuple[str, ...] = option(
        (), unit="codes", reason="empty: all; a code NETWORK.STATION, or how codes begin: N.S3"
    )
    exclude: tuple[str, ...] = option((), unit="codes", reason="as select; these are left out")

    def __post_init__(self) -> None:
        """Refuse a network that does not come with the package."""
        if not self.stations and self.name not in BUNDLED_NETWORKS:
            raise ValueError(f"name = {self.name!r} is none of {BUNDLED_NETWORKS}; or give stations")


def simulated_network(settings: NetworkSettings, given: Network | None = None) -> Network:
    """Network of a simulation, in the order of its table.

    Parameters
    ----------
    settings
        Which one, and which stations of it.
    given
        What was read from ``settings.stations``; the simulator itself reads no files.

    Raises
    ------
    SettingsError
        ``select`` or ``exclude`` names a station that is not there, or nothing is left.
    """
    if settings.stations and given is None:
        raise SettingsError(
            f"network.stations = {settings.stations!r} was not read; pass the network as given"
        )
    whole = given if given is not None else _bundled(settings.name)
    chosen = set(range(len(whole)))
    if settings.select:
        chosen = {i for name in settings.select for i in _matching(whole, name, "select")}
    chosen -= {i for name in settings.exclude for i in _matching(whole, name, "exclude")}
    if not chosen:
        raise SettingsError("network.select and network.exclude leave no station; select more")
    return whole.subset(sorted(chosen))


def _matching(network: Network, name: str, key: str) -> list[int]:
    """Find the station of that code, or else those whose codes begin so (indices)."""
    codes = network.codes
    if name in codes:
        return [codes.index(name)]
    found = [i for i, code in enumerate(codes) if name and code.startswith(name)]
    if not found:
        raise SettingsError(
            f"network.{key}: no station is or begins with {name!r}; codes look like {codes[0]}"
        )
    return found


def _bundled(name: str) -> Network:
    """Network that comes with the package."""
    if name == "hinet_like":
        return _hinet_like()
    source = files("tremorflow") / "resources" / "networks" / f"{name}.csv"
    with source.open(encoding="utf-8") as file:
        table = pd.read_csv(file, dtype={"network": str, "station": str})
    columns = table[["network", "station", "latitude", "longitude", "elevation_m"]]
    return Network(tuple(Station(*row) for row in columns.itertuples(index=False, name=None)))


def _hinet_like() -> Network:
    """About 60 land stations on a jittered grid in Shikoku and Kii, always the same; none of them is real.

    Elevations are drawn between 0 and 600 m. The network code HL is not an assigned one for Hi-net.
    """
    stations = []
    for prefix, outline in zip("SK", LAND_OUTLINES, strict=True):
        corners = np.array(outline)
        frame = LocalFrame(*corners.mean(axis=0))
        steps = np.arange(-8, 9) * HINET_SPACING_KM
        east, north = (axis.ravel() for axis in np.meshgrid(steps, steps))
        rng = generator(0, "hinet_like", prefix)
        jitter = rng.uniform(-0.2, 0.2, (2, len(east))) * HINET_SPACING_KM
        latitudes, longitudes = frame.to_degrees(east + jitter[0], north + jitter[1])
        elevations = rng.uniform(0, 600, len(east)).round()
        on_land = is_inside(corners, latitudes, longitudes)
        for i, k in enumerate(np.flatnonzero(on_land)):
            place = (round(float(latitudes[k]), 4), round(float(longitudes[k]), 4), float(elevations[k]))
            stations.append(Station("HL", f"{prefix}{i + 1:02d}", *place))
    return Network(tuple(stations))


def network_outline(network: Network) -> FloatArray:
    """Hull of a network: corners (corner, 2) as latitude and longitude in degrees, anticlockwise.

    Raises
    ------
    DataError
        Fewer than three stations, or all on a line: nothing is inside of them.
    """
    if not len(network):
        raise DataError("a network without stations has no inside; give at least three stations")
    frame = LocalFrame(float(network.latitudes.mean()), float(network.longitudes[0]))
    points = np.stack(frame.to_km(network.latitudes, network.longitudes), axis=-1)
    try:
        corners = ConvexHull(points).vertices
    except (QhullError, ValueError) as error:
        raise DataError(
            f"the {len(network)} stations do not enclose an area to draw sources in; "
            "give at least three that are not on a line, or a polygon"
        ) from error
    return np.stack([network.latitudes[corners], network.longitudes[corners]], axis=-1)


def is_inside(outline: FloatArray, latitudes: ArrayLike, longitudes: ArrayLike) -> NDArray[np.bool_]:
    """Whether points (point,) in degrees lie within the polygon ``outline`` (corner, 2); even-odd rule."""
    frame = _frame(outline)
    x, y = frame.to_km(latitudes, longitudes)
    corners_x, corners_y = frame.to_km(outline[:, 0], outline[:, 1])
    inside = np.zeros(x.shape, dtype=np.bool_)
    for x0, y0, x1, y1 in zip(
        corners_x, corners_y, np.roll(corners_x, -1), np.roll(corners_y, -1), strict=True
    ):
        crosses = (y0 > y) != (y1 > y)
        if np.any(crosses):  # then the side is not level
            inside ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside


def draw_inside(outline: FloatArray, count: int, rng: Generator) -> tuple[FloatArray, FloatArray]:
    """Latitudes and longitudes (point,) of places uniform over the area of a polygon (corner, 2)."""
    frame = _frame(outline)
    x, y = frame.to_km(outline[:, 0], outline[:, 1])
    latitudes = longitudes = np.empty(0)
    while len(latitudes) < count:
        east, north = rng.uniform(x.min(), x.max(), count), rng.uniform(y.min(), y.max(), count)
        drawn = frame.to_degrees(east, north)
        inside = is_inside(outline, *drawn)
        latitudes = np.append(latitudes, drawn[0][inside])
        longitudes = np.append(longitudes, drawn[1][inside])
    return latitudes[:count], longitudes[:count]


def _frame(outline: FloatArray) -> LocalFrame:
    """Flat frame around the middle of an outline; right to 0.3 % at 1000 km."""
    turned = outline[0, 1] + (outline[:, 1] - outline[0, 1] + 180) % 360 - 180
    return LocalFrame(float(outline[:, 0].mean()), float(turned.mean()))
