"""From a node of the grid to a hypocentre between the nodes, with its error.

The place is the maximum of the likelihood that the station pairs give (``correlation``), found by a search
on ever finer nodes around the start. The error follows from how that maximum moves when the S times of the
stations are wrong: by the noise of the envelopes, by the unknown delay of each site, by the unknown scale of
the velocity model and, where the depth is assumed, by its error.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from tremorflow.geodesy import LocalFrame
from tremorflow.locate.correlation import IndexArray, PairCorrelations, interpolate_gains, stations_of
from tremorflow.locate.grid import SearchGrid
from tremorflow.locate.settings import LocationSettings
from tremorflow.records import FloatArray

LAG_STEP = (
    0.5  # samples; with the band below half of Nyquist a parabola through three of them is exact to 1 %
)
HIGHEST = 0.4  # of the sampling rate: the smoothed envelopes hold nothing above
NOISE_MEMORY = 2.5  # in periods of ``HIGHEST``: products of smoothed series are uncorrelated beyond
REFINEMENTS = 3  # steps of the search: a third, ninth, 27th of the grid step, 11 km -> 0.4 km
REACH = 2  # steps to each side: 5 x 5 x 5 points, a bit more than the node's own cell
MAX_CLIMBS = 6  # at each step size, should the maximum lie on the rim of the points
MAX_SIGMA_KM = 40.0  # half of this is as far as the gradients of a regional network are meant
PRIOR_FREEDOM = 20  # as much trust in the stated errors as twenty stations give in the scatter
HIGHEST_WEIGHED = 0.98  # keeps the weight rho / (1 - rho^2) of one station below 25
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, slots=True)
class WindowSpectra:
    """Spectra (station, frequency) of the envelopes of one window, components joined, up to ``HIGHEST``."""

    values: NDArray[np.complex128]
    angular_hz: FloatArray  # (frequency,) rad/s
    lags_s: FloatArray  # (lag,) at which delays are looked for
    lag_waves: NDArray[np.complex128]  # (frequency, lag)
    n_fft: int


@dataclass(frozen=True, slots=True)
class Place:
    """A trial source, its S times (station,) and their gradient (station, 3) east, north, down in s/km."""

    latitude: float
    longitude: float
    depth_km: float
    s_times_s: FloatArray
    gradient: FloatArray


@dataclass(frozen=True, slots=True)
class Delays:
    """What the stations say of a trial source: delay left over, its noise, correlation with the others."""

    seconds: FloatArray  # (n,) positive if later than predicted
    sigma_s: FloatArray
    correlation: FloatArray


@dataclass(frozen=True, slots=True)
class Fit:
    """A refined source, the stations that made it, its covariance (east, north, down) in km^2."""

    place: Place
    stations: IndexArray  # (n,)
    delays: Delays
    covariance_km2: FloatArray
    misfit: float  # mean squared delay over its expectation, drawn towards 1
    likelihood: float  # summed gains of all pairs that were offered, at the place


def window_spectra(
    normalised: FloatArray, sampling_rate_hz: float, settings: LocationSettings
) -> WindowSpectra:
    """Spectra of one window of normalised envelopes, padded so that no delay wraps around."""
    joined = normalised.sum(axis=1)
    norm = np.sqrt((joined**2).sum(axis=1, keepdims=True))
    joined = joined / np.where(norm > 0, norm, 1)
    n_fft = next_fast_len(2 * joined.shape[1], real=True)
    frequencies = np.fft.rfftfreq(n_fft, 1 / sampling_rate_hz)
    keep = frequencies <= HIGHEST * sampling_rate_hz
    angular: FloatArray = (2 * np.pi * frequencies[keep]).astype(np.float64)
    lag_step_s = LAG_STEP / sampling_rate_hz
    count = int(np.ceil(settings.max_residual_s / lag_step_s))
    lags = (np.arange(-count, count + 1) * lag_step_s).astype(np.float64)
    waves = np.exp(1j * angular[:, None] * lags)
    return WindowSpectra(rfft(joined, n_fft, axis=1)[:, keep], angular, lags, waves, n_fft)


def place_at(latitude: float, longitude: float, depth_km: float, grid: SearchGrid) -> Place:
    """Trial source at a point, with its S times."""
    times, gradient = grid.travel_times.times_and_gradient(latitude, longitude, depth_km)
    return Place(latitude, longitude, depth_km, times, gradient)


def climb(
    start: tuple[float, float, float],
    pairs: IndexArray,
    correlations: PairCorrelations,
    grid: SearchGrid,
    settings: LocationSettings,
) -> tuple[float, float, float]:
    """Latitude, longitude and depth of the largest likelihood near ``start``, on ever finer points."""
    latitude, longitude, depth = start
    free = settings.depth == "free"
    stations = stations_of(correlations.pairs, pairs)
    steps = np.arange(-REACH, REACH + 1.0)
    north, east, down = (
        axis.ravel() for axis in np.meshgrid(steps, steps, steps if free else 0.0, indexing="ij")
    )
    step_km = settings.grid_spacing_deg * 111.0
    for refinement in range(1, REFINEMENTS + 1):
        scale = 3.0**-refinement
        for _ in range(MAX_CLIMBS):
            east_km, north_km = east * step_km * scale, north * step_km * scale
            if free:
                depths = depth + down * settings.depth_spacing_km * scale
                depths = np.clip(depths, settings.min_depth_km, settings.max_depth_km)
            else:
                depths = grid.surface_depth_km(*LocalFrame(latitude, longitude).to_degrees(east_km, north_km))
            times = grid.travel_times.times_around(latitude, longitude, east_km, north_km, depths, stations)
            best = int(np.argmax(interpolate_gains(correlations, pairs, times)))
            moved = LocalFrame(latitude, longitude).to_degrees(east_km[best], north_km[best])
            latitude, longitude = grid.clip(*moved)
            depth = float(depths[best])
            if max(abs(north[best]), abs(east[best])) < REACH:
                break
    return latitude, longitude, depth


def measure_delays(
    s_times_s: FloatArray, stations: IndexArray, weights: FloatArray, spectra: WindowSpectra, *, noise: bool
) -> Delays:
    """Delay of each station against the weighted stack of all the others, for a trial source.

    Parameters
    ----------
    s_times_s : (station,), s
        From the trial source.
    stations : (n,)
        Indices of the stations used.
    weights : (n,)
        Weight of each station in the stack.
    spectra
        Of the window.
    noise
        Whether to estimate ``sigma_s`` too, which costs as much as the rest; else it is NaN.

    Returns
    -------
    Delays (n,). ``sigma_s`` is the standard deviation of the delay at the correlation maximum,
    var = var(sum_t s'(t) n(t)) / (g sum_t s'(t)^2)^2, with the slope s' of the stack, the gain g and the
    residual n of the station. The variance of the sum is taken from the products themselves, for the noise of
    tremor is strongest where the tremor is. It comes out too small (rms error over sigma 1.4 on simulated
    envelopes), for delay and gain are fitted to the same noise; the misfit makes up for that in the ellipse.
    """
    phase = np.exp(1j * spectra.angular_hz * s_times_s[stations][:, None])
    aligned = spectra.values[stations] * phase
    others = weights @ aligned - weights[:, None] * aligned
    cross = np.conj(others) * aligned
    by_lag = cross.real @ spectra.lag_waves.real - cross.imag @ spectra.lag_waves.imag
    delays, height = _parabola_peak(by_lag, spectra.lags_s)
    power = np.abs(others) ** 2
    stack_energy = np.maximum(power.sum(axis=1), TINY)
    own_energy = (np.abs(aligned) ** 2).sum(axis=1)
    correlation = height / np.sqrt(np.maximum(stack_energy * own_energy, TINY))
    correlation = np.clip(correlation, -1, 1)
    if not noise:
        return Delays(delays, np.full(len(stations), np.nan), correlation)
    gain = height / stack_energy
    residual = aligned * np.exp(1j * spectra.angular_hz * delays[:, None]) - gain[:, None] * others
    slope = _to_time(1j * spectra.angular_hz * others, spectra)
    scatter = _long_run_sum(slope * _to_time(residual, spectra), round(NOISE_MEMORY / HIGHEST))
    information = np.maximum(gain * (slope**2).sum(axis=1), np.sqrt(TINY))
    # a delay is looked for within a range: no more uncertain than a uniform law over it
    widest = spectra.lags_s[-1] / np.sqrt(3)
    sigma = 1 / np.sqrt(information**2 / np.maximum(scatter, TINY) + 1 / widest**2)
    return Delays(delays, sigma, correlation)


def _to_time(values: NDArray[np.complex128], spectra: WindowSpectra) -> FloatArray:
    """Series (row, time) on the samples of the envelopes, of spectra that stop at ``HIGHEST``."""
    series: FloatArray = irfft(values, spectra.n_fft, axis=1)
    return series


def _long_run_sum(products: FloatArray, memory: int) -> FloatArray:
    """Variance (row,) of the sum of each correlated row, by Bartlett's weights (Newey & West 1987)."""
    total: FloatArray = (products**2).sum(axis=1)
    for lag in range(1, memory + 1):
        total += 2 * (1 - lag / (memory + 1)) * (products[:, lag:] * products[:, :-lag]).sum(axis=1)
    return np.clip(total, 0, None)


def _parabola_peak(by_lag: FloatArray, lags_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Place and height (row,) of the maximum of each row, by a parabola through three samples."""
    peak = np.clip(by_lag.argmax(axis=1), 1, len(lags_s) - 2)
    rows = np.arange(len(by_lag))
    left, top, right = by_lag[rows, peak - 1], by_lag[rows, peak], by_lag[rows, peak + 1]
    curvature = left - 2 * top + right
    offset = np.clip(0.5 * (left - right) / np.where(curvature < 0, curvature, -np.inf), -1, 1)
    return lags_s[peak] + (lags_s[1] - lags_s[0]) * offset, top - 0.25 * (left - right) * offset


def station_weights(correlation: FloatArray) -> FloatArray:
    """Weight a / s^2 of maximum likelihood for x = a S + noise: rho / (1 - rho^2)."""
    rho = np.clip(correlation, 0.05, HIGHEST_WEIGHED)
    return rho / (1 - rho**2)


def model_covariance(place: Place, stations: IndexArray, settings: LocationSettings) -> FloatArray:
    """Covariance (n, n) in s^2 of the errors stations share: velocity scale, and depth if assumed."""
    times = place.s_times_s[stations]
    covariance = settings.velocity_sigma**2 * np.outer(times, times)
    if settings.depth != "free":
        down = place.gradient[stations, 2]
        covariance += settings.depth_sigma_km**2 * np.outer(down, down)
    return covariance


def location_covariance(
    place: Place,
    stations: IndexArray,
    pairs: IndexArray,
    delays: Delays,
    correlations: PairCorrelations,
    grid: SearchGrid,
    settings: LocationSettings,
) -> tuple[FloatArray, float]:
    """Covariance (3, 3) of a location in km^2, east, north, down, and the misfit of its delays.

    Notes
    -----
    At the maximum the gains k of the pairs balance: errors e of the S times move it by
    A e = (G' K G)^-1 G' K D e, with G the gradients of the pair lags, K the curvatures of the gains and D the
    differences; its covariance is A C A', with C the noise and site delay of each station and what the
    stations share (``model_covariance``). What each station has of its own is multiplied by the misfit: real
    delays scatter more than noise and site delays say when Green's functions differ. G belongs half way
    between the location and the truth (mean value theorem), which is a sigma away to either side: far outside
    of the stations the gradients change on the way.
    """
    first, second = _rows_of_pairs(pairs, stations, correlations, len(grid.network))
    curvature = _curvature(place, pairs, correlations)
    differences = np.zeros((len(pairs), len(stations)))
    differences[np.arange(len(pairs)), second] += 1
    differences[np.arange(len(pairs)), first] -= 1
    own = np.diag(delays.sigma_s**2 + settings.site_sigma_s**2)
    shared = model_covariance(place, stations, settings)
    here = _search_gradient(place, stations, grid, settings)
    misfit = _misfit(delays, own + shared, here)
    times = misfit * own + shared
    covariance = _propagate([here], curvature, differences, times, settings)
    values, vectors = np.linalg.eigh(covariance[:2, :2])
    half_way_km = 0.5 * min(float(np.sqrt(max(values[1], 0))), MAX_SIGMA_KM)
    frame = LocalFrame(place.latitude, place.longitude)
    gradients = []
    for side in (-half_way_km, half_way_km):
        latitude, longitude = grid.clip(*frame.to_degrees(*(side * vectors[:, 1])))
        aside = place_at(latitude, longitude, grid.depth_at(latitude, longitude, place.depth_km), grid)
        gradients.append(_search_gradient(aside, stations, grid, settings))
    covariance = _propagate(gradients, curvature, differences, times, settings)
    if settings.depth == "free":
        return covariance, misfit
    full = np.zeros((3, 3))
    full[:2, :2] = covariance
    full[2, 2] = settings.depth_sigma_km**2
    return full, misfit


def _rows_of_pairs(
    pairs: IndexArray, stations: IndexArray, correlations: PairCorrelations, n_stations: int
) -> tuple[IndexArray, IndexArray]:
    """Rows, among the stations used, of the first and second station of each pair."""
    row_of = np.full(n_stations, -1)
    row_of[stations] = np.arange(len(stations))
    return row_of[correlations.pairs.first[pairs]], row_of[correlations.pairs.second[pairs]]


def _search_gradient(
    place: Place, stations: IndexArray, grid: SearchGrid, settings: LocationSettings
) -> FloatArray:
    """Gradient of the S times (n, 3), or (n, 2) along the surface of an assumed depth, in s/km."""
    gradient = place.gradient[stations]
    if settings.depth == "free":
        return gradient
    slope = grid.surface_slope(place.latitude, place.longitude)
    along: FloatArray = gradient[:, :2] + slope * gradient[:, 2:]
    return along


def _propagate(
    gradients: list[FloatArray],
    curvature: FloatArray,
    differences: FloatArray,
    times: FloatArray,
    settings: LocationSettings,
) -> FloatArray:
    """Covariance A C A' of a location, A from the mean of what the gradients give; depth within its range."""
    designs = [differences @ gradient for gradient in gradients]
    hessian = sum((design.T * curvature) @ design for design in designs)
    pull = sum((design.T * curvature) @ differences for design in designs)
    influence = np.linalg.pinv(np.asarray(hessian)) @ pull
    covariance: FloatArray = influence @ times @ influence.T
    if settings.depth != "free":
        return covariance
    # the depth lies in its range: as much information as a uniform law over it has
    return _bounded_depth(covariance, (settings.max_depth_km - settings.min_depth_km) ** 2 / 12)


def _curvature(place: Place, pairs: IndexArray, correlations: PairCorrelations) -> FloatArray:
    """Weight (pair,) of each pair's lag at the place: curvature of its gain, 0 where that is no peak."""
    first, second = correlations.pairs.first[pairs], correlations.pairs.second[pairs]
    lags = place.s_times_s[second] - place.s_times_s[first]
    width = max(2, round(correlations.lag_rate_hz))  # a second: the curvature of the peak, not of its ripples
    centre = np.rint(lags * correlations.lag_rate_hz).astype(np.intp) + correlations.zero_lag
    centre = np.clip(centre, width, correlations.gains.shape[1] - 1 - width)
    gains = correlations.gains
    bend = 2 * gains[pairs, centre] - gains[pairs, centre - width] - gains[pairs, centre + width]
    return np.maximum(bend.astype(np.float64), 0.0)


def _misfit(delays: Delays, covariance: FloatArray, gradient: FloatArray) -> float:
    """Chi-square of the delays per degree of freedom, source and origin time being free, drawn towards 1.

    (n0 + chi^2) / (n0 + f) with n0 = ``PRIOR_FREEDOM``: few stations cannot tell their own scatter.
    """
    design = np.column_stack([gradient, np.ones(len(gradient))])
    whitener = np.linalg.inv(np.linalg.cholesky(covariance))
    a, b = whitener @ design, whitener @ delays.seconds
    residual = b - a @ np.linalg.lstsq(a, b, rcond=None)[0]
    freedom = max(len(gradient) - design.shape[1], 0)
    return float((PRIOR_FREEDOM + (residual**2).sum()) / (PRIOR_FREEDOM + freedom))


def _bounded_depth(covariance: FloatArray, spread_km2: float) -> FloatArray:
    """Covariance once it is known that the depth lies in a range of this variance (one Kalman update)."""
    gain = covariance[:, 2] / (covariance[2, 2] + spread_km2)
    return covariance - np.outer(gain, covariance[2])


def refine_source(
    start: tuple[float, float, float],
    active: IndexArray,
    spectra: WindowSpectra,
    correlations: PairCorrelations,
    grid: SearchGrid,
    settings: LocationSettings,
) -> Fit | None:
    """Hypocentre near ``start`` from the active pairs, or None if too few stations agree on it.

    Stations whose correlation with the stack of the others stays below ``template_correlation``, or whose
    delay lies at the end of the range, are then left out of errors and counts. They stay in the search: a
    pair that does not fit adds next to nothing there, and without it the maximum may jump to a rival.
    """
    first, second = correlations.pairs.first, correlations.pairs.second
    spot = climb(start, active, correlations, grid, settings)
    times = grid.travel_times.times(*spot)
    pairs = active
    weights = np.ones(len(grid.network))
    while True:
        stations = stations_of(correlations.pairs, pairs)
        if len(stations) < settings.min_stations:
            return None
        delays = measure_delays(times, stations, weights[stations], spectra, noise=False)
        weights[stations] = station_weights(delays.correlation)
        good = delays.correlation >= settings.template_correlation
        good &= np.abs(delays.seconds) < settings.max_residual_s
        if good.all():
            break
        kept = np.isin(np.arange(len(grid.network)), stations[good])
        pairs = pairs[kept[first[pairs]] & kept[second[pairs]]]
    place = place_at(*spot, grid)
    delays = measure_delays(times, stations, weights[stations], spectra, noise=True)
    lags = place.s_times_s[second[pairs]] - place.s_times_s[first[pairs]]
    pairs = pairs[correlations.at(pairs, lags) > settings.stack_correlation]
    covariance, misfit = location_covariance(place, stations, pairs, delays, correlations, grid, settings)
    likelihood = float(interpolate_gains(correlations, active, place.s_times_s[:, None])[0])
    return Fit(place, stations, delays, covariance, misfit, likelihood)
