"""Site terms of stations from the S waves of earthquakes: damped robust least squares."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tremorflow.energy.motion import burst_motion
from tremorflow.energy.propagation import band_transmission, hypocentral_distances_km
from tremorflow.energy.settings import EnergySettings
from tremorflow.energy.site_settings import SiteTermSettings
from tremorflow.errors import DataError
from tremorflow.records import Envelopes, FloatArray, timedelta

ROUNDS = 12  # of weights and Q; both settle in eight
HUBER = 1.5  # sd beyond which an amplitude counts less
QUALITY_LIMITS = (0.1, 10.0)  # of the Q to begin with
SD_OF_MAD = 1.4826  # of a Gaussian
HELD = 1e-4  # sd of the mean of the references: held at 0


@dataclass(frozen=True, slots=True)
class ShakenStations:
    """S amplitudes of earthquakes, one row for each earthquake at each station that recorded it well.

    ``log_amplitudes`` is half the natural logarithm of the integral of squared velocity (m^2/s) in the band.
    """

    earthquakes: NDArray[np.intp]
    stations: NDArray[np.intp]
    distances_km: FloatArray
    log_amplitudes: FloatArray
    band_hz: tuple[float, float]

    @classmethod
    def joined(cls, parts: "list[ShakenStations]") -> "ShakenStations":
        """All rows of several of the same band; an earthquake is numbered by its part."""
        numbers = [np.full(len(part.stations), k) for k, part in enumerate(parts)]
        columns = (
            [part.stations for part in parts],
            [part.distances_km for part in parts],
            [part.log_amplitudes for part in parts],
        )
        stations, distances, amplitudes = (np.concatenate([*column, []]) for column in columns)
        earthquakes = np.concatenate([*numbers, []]).astype(np.intp)
        return cls(earthquakes, stations.astype(np.intp), distances, amplitudes, parts[0].band_hz)


@dataclass(frozen=True, slots=True)
class SiteTerms:
    """Site amplifications (station,), NaN where too few earthquakes were seen.

    ``log_sigma`` (station,) is the standard deviation of their natural logarithm, that of their common scale
    left out; ``n_earthquakes`` (station,) how many were seen. ``quality_factor`` is that of the paths, with
    ``quality_log_sigma``, 0 if it was not solved for.
    """

    amplifications: FloatArray
    log_sigma: FloatArray
    n_earthquakes: NDArray[np.intp]
    quality_factor: float
    quality_log_sigma: float


def measure_earthquake(
    envelopes: Envelopes,
    origin_time: np.datetime64,
    place: tuple[float, float, float],
    s_times_s: FloatArray,
    settings: SiteTermSettings,
) -> ShakenStations:
    """S amplitudes of one earthquake at the stations that recorded it well.

    Parameters
    ----------
    envelopes : (station, component, time), m/s
        From ``background_s`` before the earthquake to the end of its S window.
    origin_time
        When it was.
    place
        Latitude and longitude in degrees, depth in km.
    s_times_s : (station,)
        S travel times.
    settings
        Distances, window, SNR.
    """
    distances = hypocentral_distances_km(envelopes.network, *place)
    near = (distances >= settings.min_distance_km) & (distances <= settings.max_distance_km)
    chosen = np.flatnonzero(near & np.isfinite(s_times_s))
    begins = [origin_time + timedelta(float(s_times_s[k]) - settings.lead_s) for k in chosen]
    ends = [origin_time + timedelta(float(s_times_s[k]) + settings.tail_s) for k in chosen]
    spans = np.array(begins, dtype="datetime64[ns]"), np.array(ends, dtype="datetime64[ns]")
    noise = EnergySettings(background_reach_s=settings.background_s, background_mean_s=60.0)
    motion = burst_motion(envelopes, chosen, spans, noise)
    with np.errstate(invalid="ignore"):
        heard = motion.integrals >= settings.min_snr**2 * motion.background
    heard &= motion.background > 0
    stations = chosen[heard]
    amplitudes = 0.5 * np.log(motion.integrals[heard])
    first = np.zeros(len(stations), dtype=np.intp)
    return ShakenStations(first, stations, distances[stations], amplitudes, envelopes.band_hz)


def solve_site_terms(
    shaken: ShakenStations,
    n_stations: int,
    references: ArrayLike,
    settings: SiteTermSettings,
    medium: EnergySettings,
) -> SiteTerms:
    """Site amplifications that explain the amplitudes best, with their standard deviations.

    Parameters
    ----------
    shaken
        What was recorded.
    n_stations
        Of the network.
    references : (n,)
        Stations whose mean ln S is that of ``reference_amplification``; empty: all that have a term.
    settings
        Damping, Q, and how many earthquakes a station needs.
    medium
        S speed, order of the band-pass, loss near the surface: as in ``estimate_energy``.

    Raises
    ------
    DataError
        Fewer than two stations with enough earthquakes, or none of the references among them.

    Notes
    -----
    0.5 ln E_ik = s_k + m_i - ln r_ik + 0.5 ln T(r_ik, Q), with T the share of S energy that is left
    (``band_transmission``) and m_i the size of earthquake i (METHOD.md 5). Huber weights; s_k and 1/Q
    are damped towards the mean and the Q to begin with by their scatter before one sees data. Sigma follows
    from the residuals and ``shape_scatter``; what all stations share (terms of the references) is not in it.
    """
    rows, counts = _enough(shaken, n_stations, settings)
    solved = np.flatnonzero(counts)
    held = np.intersect1d(np.asarray(references, dtype=np.intp), solved) if np.size(references) else solved
    if len(solved) < 2 or not len(held):
        raise DataError(
            f"{len(solved)} stations have {settings.min_earthquakes} or more earthquakes with S above the "
            f"noise, {len(held)} of them references; give more earthquakes, or other references"
        )
    design = _design(rows, solved, held)
    unknowns, covariance, inverse_quality = _fit(rows, design, settings, medium)
    amplifications, sigma = np.full(n_stations, np.nan), np.full(n_stations, np.nan)
    amplifications[solved] = settings.reference_amplification * np.exp(unknowns[: len(solved)])
    sigma[solved] = np.hypot(np.sqrt(np.diag(covariance)[: len(solved)]), settings.shape_scatter)
    quality_sigma = float(np.sqrt(covariance[-1, -1])) if settings.solve_quality else 0.0
    return SiteTerms(amplifications, sigma, counts, float(1 / inverse_quality), quality_sigma)


@dataclass(frozen=True, slots=True)
class _Design:
    """Which unknown each row has: columns of sites, then of earthquakes, then ln(1/Q); the references."""

    matrix: FloatArray
    held: FloatArray  # row that takes the mean of the references
    n_sites: int


def _enough(
    shaken: ShakenStations, n_stations: int, settings: SiteTermSettings
) -> tuple[ShakenStations, NDArray[np.intp]]:
    """Rows of stations and earthquakes with enough of each other, and rows left of each station."""
    keep = np.ones(len(shaken.stations), dtype=np.bool_)
    n_earthquakes = int(shaken.earthquakes.max(initial=-1)) + 1
    while True:
        by_event = np.bincount(shaken.earthquakes[keep], minlength=n_earthquakes)
        by_station = np.bincount(shaken.stations[keep], minlength=n_stations)
        enough = by_event[shaken.earthquakes] >= settings.min_stations
        enough &= by_station[shaken.stations] >= settings.min_earthquakes
        if (keep <= enough).all():
            break
        keep &= enough
    earthquakes, stations = shaken.earthquakes[keep], shaken.stations[keep]
    distances, amplitudes = shaken.distances_km[keep], shaken.log_amplitudes[keep]
    kept = ShakenStations(earthquakes, stations, distances, amplitudes, shaken.band_hz)
    return kept, np.asarray(by_station)


def _design(rows: ShakenStations, solved: NDArray[np.intp], held: NDArray[np.intp]) -> _Design:
    """Matrix of the rows, the column of Q left empty."""
    events, event_of = np.unique(rows.earthquakes, return_inverse=True)
    count, n_sites = len(rows.stations), len(solved)
    matrix = np.zeros((count, n_sites + len(events) + 1))
    matrix[np.arange(count), np.searchsorted(solved, rows.stations)] = 1.0
    matrix[np.arange(count), n_sites + event_of] = 1.0
    mean = np.zeros(matrix.shape[1])
    mean[np.searchsorted(solved, held)] = 1 / len(held)
    return _Design(matrix, mean, n_sites)


def _fit(
    rows: ShakenStations, design: _Design, settings: SiteTermSettings, medium: EnergySettings
) -> tuple[FloatArray, FloatArray, float]:
    """Unknowns, their covariance and 1/Q, by Gauss-Newton steps of ln(1/Q) with Huber weights."""
    source = replace(medium, corner_hz=settings.corner_hz)

    def path(inverse_quality: float) -> FloatArray:
        share = band_transmission(rows.distances_km, rows.band_hz, 1 / inverse_quality, source)
        return np.asarray(0.5 * np.log(share) - np.log(rows.distances_km))

    first = 1 / settings.quality_factor
    low, high = (first * limit for limit in QUALITY_LIMITS)
    inverse, spread = first, 1.0
    weights = np.ones(len(rows.stations))
    matrix = design.matrix.copy()
    damping = np.zeros(matrix.shape[1])
    for _ in range(ROUNDS):
        modelled = path(inverse)
        matrix[:, -1] = (path(inverse * 1.01) - modelled) / np.log(1.01) if settings.solve_quality else 0.0
        damping[: design.n_sites] = (spread / settings.site_scatter) ** 2
        damping[-1] = (spread / settings.quality_scatter) ** 2 if settings.solve_quality else 1.0
        pull = np.zeros_like(damping)
        pull[-1] = -damping[-1] * np.log(inverse / first)
        normal = (matrix * weights[:, None]).T @ matrix + np.diag(damping)
        normal += np.outer(design.held, design.held) * (spread / HELD) ** 2
        target = rows.log_amplitudes - modelled
        unknowns = np.linalg.solve(normal, matrix.T @ (weights * target) + pull)
        residuals = target - matrix @ unknowns
        n_free = max(len(residuals) - int((np.abs(matrix).sum(axis=0) > 0).sum()), 1)
        spread, weights = _spread_and_weights(residuals, n_free)
        if settings.solve_quality:
            inverse = min(max(inverse * float(np.exp(unknowns[-1])), low), high)
    normal += matrix.T @ (matrix * (1 - weights)[:, None])  # the covariance of Huber's estimate is unweighted
    return np.asarray(unknowns), np.asarray(spread**2 * np.linalg.inv(normal), dtype=np.float64), inverse


def _spread_and_weights(residuals: FloatArray, n_free: int) -> tuple[float, FloatArray]:
    """Find the standard deviation of amplitudes and their Huber weights (row,).

    The former is that of the influence over its mean slope (Huber 1981, section 7.6): its square times the
    inverse normal matrix is the covariance, for a Gaussian and with outliers.
    """
    count = len(residuals)
    scale = SD_OF_MAD * float(np.median(np.abs(residuals))) * np.sqrt(count / n_free)
    limit = max(HUBER * scale, 1e-9)
    influence = np.clip(residuals, -limit, limit)
    slope = float(np.mean(np.abs(residuals) < limit))
    spread = float(np.sqrt((influence**2).sum() / n_free)) / max(slope, 0.1)
    return max(spread, 1e-6), np.minimum(1.0, limit / np.maximum(np.abs(residuals), 1e-12))
