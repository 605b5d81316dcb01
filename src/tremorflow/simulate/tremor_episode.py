"""An episode of tremor: patches along strike, and a front that passes them and makes them burst."""

from dataclasses import dataclass

import numpy as np

from tremorflow.geodesy import LocalFrame
from tremorflow.records import FloatArray
from tremorflow.simulate.streams import Key, generator, slow_variation
from tremorflow.simulate.tremor_bursts import MAX_GAP_S, Burst

RATE_STEP_S = 10.0  # bursts are drawn in steps much shorter than they last

DAY_S = 86400.0

Keys = tuple[int, str, int]  # seed, "tremor" and the number of the settings


@dataclass(frozen=True, slots=True)
class Front:
    """Belt of patches along strike, and the front that migrates through it.

    ``extent_km`` is the path of the front along strike, the width of the belt and the spacing of patches;
    ``depth_km`` the mean and scatter of their depths; patches within ``reach_km`` of the front are active.
    """

    frame: LocalFrame
    strike_deg: float
    extent_km: tuple[float, float, float]
    depth_km: tuple[float, float]
    reach_km: float
    speed_km_per_day: float

    def draw_patches(self, keys: Keys) -> FloatArray:
        """(patch, 4) km along strike from the centre, latitude, longitude and depth of each patch.

        On a grid, moved at random by up to a third of the spacing; the belt reaches beyond the path of the
        front, so that as many patches are before it as behind it.
        """
        length_km, width_km, spacing_km = self.extent_km
        along_axis = _centred(length_km + 2 * self.reach_km, spacing_km)
        along, across = (a.ravel() for a in np.meshgrid(along_axis, _centred(width_km, spacing_km)))
        rng = generator(*keys, "patches")
        along = along + rng.uniform(-1, 1, len(along)) * spacing_km / 3
        across = across + rng.uniform(-1, 1, len(along)) * spacing_km / 3
        depths = np.maximum(self.depth_km[0] + self.depth_km[1] * rng.standard_normal(len(along)), 0)
        strike = np.radians(self.strike_deg)
        east = along * np.sin(strike) + across * np.cos(strike)
        north = along * np.cos(strike) - across * np.sin(strike)
        latitudes, longitudes = self.frame.to_degrees(east, north)
        return np.stack([along, latitudes, longitudes, depths], axis=-1)

    def draw_activity(
        self,
        span_s: tuple[float, float],
        rate: tuple[float, float, float],
        reversals: tuple[float, float, float],
        keys: Keys,
    ) -> tuple[FloatArray, FloatArray]:
        """Draw starts (burst,) in s, ascending, and where along strike (km) the front then is.

        Parameters
        ----------
        span_s
            First and last second of the episode.
        rate
            Bursts per hour on average, natural log rms of that rate, time (s) within which it changes.
        reversals
            Of the migration: number per day, speed over that of the front, length (s).
        keys
            Of the random numbers.
        """
        begin_s, end_s = span_s
        steps_s = np.arange(begin_s, end_s, RATE_STEP_S)
        per_hour, spread, change_s = rate
        variation = slow_variation(keys[0], (*keys[1:], "rate"), steps_s, change_s)
        rates = per_hour / 3600 * np.exp(spread * variation - spread**2 / 2)
        rng = generator(*keys, "starts")
        lengths_s = np.minimum(RATE_STEP_S, end_s - steps_s)
        counts = rng.poisson(rates * lengths_s)
        starts_s = np.repeat(steps_s, counts) + rng.uniform(0, 1, counts.sum()) * np.repeat(lengths_s, counts)
        starts_s = np.sort(starts_s)
        forward_km = self.speed_km_per_day / DAY_S * (starts_s - begin_s)
        half_km = np.copysign(self.extent_km[0] / 2, self.speed_km_per_day) if self.speed_km_per_day else 0.0
        positions_km = forward_km - half_km - self._set_back_km(starts_s, span_s, reversals, keys)
        return starts_s, np.clip(positions_km, -self.extent_km[0] / 2, self.extent_km[0] / 2)

    def _set_back_km(
        self,
        times_s: FloatArray,
        span_s: tuple[float, float],
        reversals: tuple[float, float, float],
        keys: Keys,
    ) -> FloatArray:
        """How far behind the front (time,) the activity runs while a reversal is under way."""
        per_day, ratio, length_s = reversals
        rng = generator(*keys, "reversals")
        begins_s = rng.uniform(*span_s, rng.poisson(per_day * (span_s[1] - span_s[0]) / DAY_S))
        back_km = np.zeros(len(times_s))
        for begin_s in np.sort(begins_s):
            since_s = times_s - begin_s
            running = (since_s >= 0) & (since_s < length_s)
            back_km[running] = ratio * self.speed_km_per_day / DAY_S * since_s[running]
        return back_km


def _centred(length_km: float, spacing_km: float) -> FloatArray:
    """Positions at this spacing around 0 that fill a length; one at 0 if it is shorter than the spacing."""
    count = max(1, round(length_km / spacing_km))
    return np.asarray((np.arange(count) - (count - 1) / 2) * spacing_km, dtype=np.float64)


def draw_episode(
    front: Front, plan: FloatArray, end_s: float, labels: tuple[str, float], keys: tuple[Key, ...]
) -> list[Burst]:
    """Bursts of an episode, each at an active patch that has been quiet for 30 s.

    Parameters
    ----------
    front
        Patches and their front.
    plan : (burst, 4)
        Start (s), position of the front (km along strike), duration (s), energy (J); starts ascend.
    end_s
        End of the episode; a burst that would last longer is cut there, one shorter than 1 s left out.
    labels
        Name of the episode, mean interval of its LFEs (s).
    keys
        Of the random numbers.

    Notes
    -----
    By definition LFEs of one patch less than 30 s apart are one burst. If all active patches are busy, the
    burst waits for the first that has been quiet for so long.
    """
    seed, word, index = keys
    patches = front.draw_patches((int(seed), str(word), int(index)))
    rng = generator(int(seed), word, index, "choice")
    free_s = np.full(len(patches), -np.inf)
    bursts: list[Burst] = []
    for start_s, position_km, duration_s, energy_j in plan:
        offsets_km = np.abs(patches[:, 0] - position_km)
        active = np.flatnonzero(offsets_km <= max(front.reach_km, offsets_km.min()))
        level = rng.uniform()
        ready = active[free_s[active] <= start_s]
        if ready.size:
            patch, begin_s = int(ready[int(level * len(ready))]), float(start_s)
        else:
            patch = int(active[np.argmin(free_s[active])])
            begin_s = float(free_s[patch])
        length_s = min(float(duration_s), end_s - begin_s)
        if length_s < 1:
            continue
        free_s[patch] = begin_s + length_s + MAX_GAP_S
        latitude, longitude, depth_km = (float(x) for x in patches[patch, 1:])
        place = (latitude, longitude, depth_km)
        bursts.append(Burst(labels[0], begin_s, length_s, place, float(energy_j), labels[1], len(bursts)))
    return bursts
