"""From counts to ground velocity."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from tremorflow.errors import DataError
from tremorflow.preprocess.filters import filter_trace, without_level
from tremorflow.preprocess.settings import PreprocessSettings
from tremorflow.records import Channel, FloatArray, Waveforms

MOTION = {"m/s": 0, "m": -1, "m/s**2": 1}  # power of (2 pi i f) that makes the quantity from velocity


def remove_sensitivity(
    waveforms: Waveforms, channels: Iterable[Channel], settings: PreprocessSettings | None = None
) -> Waveforms:
    """Ground velocity in m/s from counts, by one number per channel (flat response).

    Parameters
    ----------
    waveforms
        In counts. One that is in m/s already comes back as it is.
    channels
        Looked up by network, station and component.
    settings
        Band for channels of displacement or acceleration; the defaults if not given.

    Returns
    -------
    Waveforms in "m/s", or the same in "count" if the sensitivity of any channel with data is unknown: one
    station in counts beside others in m/s could not be told from them. Velocity channels keep their whole
    band; displacement and acceleration are differentiated or integrated within the band only,
    as in ``remove_response``.

    Raises
    ------
    DataError
        A sensitivity of zero, a unit that is no motion, or channels of one component that disagree.
    """
    if waveforms.unit == "m/s":
        return waveforms
    settings = settings or PreprocessSettings()
    found = _match_channels(waveforms, channels)
    if any(channel is None or not np.isfinite(channel.sensitivity) for channel in found.values()):
        return waveforms
    samples = np.full_like(waveforms.samples, np.nan)
    for (station, component), channel in found.items():
        assert channel is not None
        _check_sensitivity(channel)
        trace = waveforms.samples[station, component]
        if channel.unit == "m/s":
            samples[station, component] = trace / trace.dtype.type(channel.sensitivity)
        else:
            taps = _inverse_taps(channel, waveforms.sampling_rate_hz, settings, full=False)
            samples[station, component] = filter_trace(trace, taps)
    return replace(waveforms, samples=samples, unit="m/s")


def remove_response(
    waveforms: Waveforms, channels: Iterable[Channel], settings: PreprocessSettings | None = None
) -> Waveforms:
    """Ground velocity in m/s from counts, by the full instrument response within the band.

    Parameters
    ----------
    waveforms
        In counts.
    channels
        With ``response`` of ObsPy; looked up by network, station and component.
    settings
        Band and water level; the defaults if not given.

    Returns
    -------
    Waveforms in "m/s", passed from a quarter (full from a half) of the lower corner to 1.5 (1.25) times the
    upper one. NaN within 16 periods of the lower corner, 8 s by default, around gaps and at the ends.

    Raises
    ------
    DataError
        A channel with data has no response, or its recording is not in counts.

    Notes
    -----
    The inverse of the response, at most ``water_level_db`` below its maximum, times a cosine-flanked
    pre-filter as in ObsPy's ``remove_response``, but cut to a finite FIR (Kaiser window): gaps then spoil a
    known length, and pieces equal the whole.
    """
    if waveforms.unit != "count":
        raise DataError(
            f"recordings in {waveforms.unit} have no response left to remove; pass them in counts"
        )
    settings = settings or PreprocessSettings()
    samples = np.full_like(waveforms.samples, np.nan)
    for (station, component), channel in _match_channels(waveforms, channels).items():
        if channel is None or channel.response is None:
            where = f"{waveforms.network.codes[station]} component {waveforms.components[component]}"
            raise DataError(f"{where} has no response; give its StationXML, or use the sensitivity alone")
        taps = _inverse_taps(channel, waveforms.sampling_rate_hz, settings, full=True)
        samples[station, component] = filter_trace(waveforms.samples[station, component], taps)
    return replace(waveforms, samples=samples, unit="m/s")


def response_half_s(band_hz: tuple[float, float]) -> float:
    """Half length of the inverse response: 4 over the width of the pre-filter's lower flank."""
    return 16.0 / band_hz[0]


def _inverse_taps(
    channel: Channel, rate_hz: float, settings: PreprocessSettings, *, full: bool
) -> FloatArray:
    """FIR from counts to m/s within the band: one over the response, or over the flat sensitivity."""
    low, high = settings.band_hz
    half = round(response_half_s(settings.band_hz) * rate_hz)
    n_fft = 1 << int(np.ceil(np.log2(4 * half)))
    frequencies = np.fft.rfftfreq(n_fft, 1 / rate_hz)
    if full:
        response = channel.response.get_evalresp_response_for_frequencies(frequencies, output="VEL")
    else:
        response = np.zeros(len(frequencies), dtype=np.complex128)
        response[1:] = channel.sensitivity * (2j * np.pi * frequencies[1:]) ** MOTION[channel.unit]
    size = np.abs(response)
    floor = np.max(size[1:]) * 10 ** (-settings.water_level_db / 20) if full else 0.0
    top = min(1.5 * high, 0.98 * rate_hz / 2)
    corners = (low / 4, low / 2, min(1.25 * high, 0.85 * rate_hz / 2), top)
    flanks = np.interp(frequencies, corners, (0.0, 1.0, 1.0, 0.0))
    passed = 0.5 * (1 - np.cos(np.pi * flanks))
    inverse = np.zeros_like(response)
    use = (passed > 0) & (size > 0)
    inverse[use] = passed[use] * np.conj(response[use]) / (size[use] * np.maximum(size[use], floor))
    impulse = np.roll(np.fft.irfft(inverse, n_fft), half)[: 2 * half + 1]
    return without_level(impulse * np.kaiser(2 * half + 1, 8.0))


def _match_channels(
    waveforms: Waveforms, channels: Iterable[Channel]
) -> dict[tuple[int, int], Channel | None]:
    """Channel of each (station, component) with data, None where there is none in the list."""
    known: dict[tuple[str, str], list[Channel]] = {}
    for channel in channels:
        known.setdefault((f"{channel.network}.{channel.station}", channel.component), []).append(channel)
    found: dict[tuple[int, int], Channel | None] = {}
    for station, component in np.ndindex(waveforms.samples.shape[:2]):
        if not np.isfinite(waveforms.samples[station, component]).any():
            continue
        code, name = waveforms.network.codes[station], waveforms.components[component]
        matches = known.get((code, name), [])
        if len({(match.sensitivity, match.unit) for match in matches}) > 1:
            raise DataError(
                f"{code} component {name}: channels {[match.code for match in matches]} differ in "
                "sensitivity or unit; pass the one that was recorded"
            )
        found[station, component] = matches[0] if matches else None
    return found


def _check_sensitivity(channel: Channel) -> None:
    if channel.sensitivity == 0 or channel.unit not in MOTION:
        raise DataError(
            f"{channel.code}: {channel.sensitivity} counts per {channel.unit} is not the sensitivity of a "
            f"seismometer; it must not be 0, with a unit among {list(MOTION)}"
        )
