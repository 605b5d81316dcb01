"""The rules by which a catalogue is held against the truth: their numbers, and a sentence for each."""

from tremorflow.options import option, settings_class

STATION_EDGES = (0.0, 1.0, 3.0, 6.0, 10.0, float("inf"))  # 0, 1-2, 3-5, 6-9, 10 and more stations
SNR_EDGES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, float("inf"))  # finest where recall should rise
PAIR_EDGES_KM = (40.0, 80.0, 120.0, 175.0, 250.0, 350.0)
PAIR_PREFIX = "pair-"  # episodes of simultaneous tremor at two places, as the simulator names them
NUISANCE_STATIONS = 3  # fewer cannot make an event: a place and a time are three unknowns
ONE_STATION_KINDS = (
    "current", "local_burst", "cultural", "vehicle", "machine", "spike", "step", "clipping",
)  # fmt: skip


@settings_class
class EvaluationSettings:
    """How events are matched with the truth, and what counts as found, resolved or explained."""

    max_time_s: float = option(150.0, unit="s", reason="half a five-minute window (DEFINITIONS)", gt=0)
    max_distance_km: float = option(
        50.0, unit="km", reason="gate of DEFINITIONS; tremor is rarely located worse than this", gt=0
    )
    wide_distance_km: float = option(
        100.0, unit="km", reason="twice the gate, shows the errors that the gate hides (DEFINITIONS)", gt=0
    )
    chance_shift_s: float = option(
        21600.0, unit="s", reason="6 h: long against a burst, short against an episode (DEFINITIONS)", gt=0
    )
    energy_bin: float = option(
        0.5, unit="-", reason="log10: two bins a decade; finer ones hold too few bursts of a day", gt=0
    )
    pair_distance_km: float = option(
        25.0, unit="km", reason="half the gate: sources 50 km apart cannot share an event", gt=0
    )
    pair_overlap: float = option(
        0.5, unit="-", reason="of the shorter burst: too much for time alone to tell them apart", gt=0, le=1
    )
    earthquake_before_s: float = option(
        30.0, unit="s", reason="S-P time at 240 km: an envelope may be aligned on P as well", ge=0
    )
    earthquake_after_s: float = option(
        120.0, unit="s", reason="a window of two minutes can be filled by S coda", ge=0
    )
    earthquake_distance_km: float = option(
        100.0, unit="km", reason="the wide gate: an earthquake is located no worse than tremor", gt=0
    )
    s_speed_km_s: float = option(3.5, unit="km/s", reason="crustal mean, for the moveout only", gt=0)

    def __post_init__(self) -> None:
        """Refuse a wide gate inside of the narrow one."""
        if self.wide_distance_km < self.max_distance_km:
            raise ValueError(
                f"wide_distance_km = {self.wide_distance_km:g} is less than max_distance_km = "
                f"{self.max_distance_km:g}; make it at least as wide"
            )


def state_rules(settings: EvaluationSettings) -> dict[str, str]:
    """Sentence for each rule of the evaluation, with the numbers in force."""
    s = settings
    gate = f"{s.max_time_s:g} s or overlap of the intervals, and {s.max_distance_km:g} km"
    return {
        "match": f"event to truth burst, one to one, most pairs, then least sum of "
        f"(dt / {s.max_time_s:g} s)^2 + (distance / {s.max_distance_km:g} km)^2, within {gate}",
        "duplicate": "a further event inside the gate of a burst that another event is matched to; not false",
        "false": "an event inside the gate of no burst",
        "span": "events and bursts whose time lies outside of the span are counted and left out",
        "recall": "truth bursts that are matched, each counted once; 95 % Wilson interval",
        "chance": "recall of a copy of the catalogue shifted by the chance shift, wrapped inside the span; "
        f"the shift is {s.chance_shift_s:g} s, or half the span if that is less",
        "precision": "matched events out of all that have a time and a place; 95 % Wilson interval",
        "false_rate": "false events per day of the span; 95 % interval of Poisson counts (Garwood 1936)",
        "location": f"epicentral distance of matched pairs; again with a gate of {s.wide_distance_km:g} km",
        "coverage": "share of truths inside of the error bars that the catalogue states for 68 %; the scale "
        "is the factor on the error bars that would make it 68 %",
        "energy": "log10 of catalogue over truth: median, median absolute deviation (not scaled), "
        "standard deviation",
        "pair": f"two bursts that overlap in time, by {s.pair_overlap:g} of the shorter or in one "
        f"episode named '{PAIR_PREFIX}...'; found: matched within {s.pair_distance_km:g} km; resolved: both "
        f"found, by different events; extra: events within {s.max_time_s:g} s or overlap and "
        f"{s.wide_distance_km:g} km of either that are neither a find nor matched to a third burst",
        "near_earthquake": f"false, within {s.earthquake_distance_km:g} km of an earthquake and "
        f"-{s.earthquake_before_s:g} to +{s.earthquake_after_s:g} s of its origin time + distance / "
        f"{s.s_speed_km_s:g} km/s",
        "near_nuisance": "false, near no earthquake, and overlaps the span, widened by "
        f"{s.earthquake_before_s:g} s at both ends, of a nuisance that reaches {NUISANCE_STATIONS} stations "
        f"or more, {NUISANCE_STATIONS} of them within {s.wide_distance_km:g} km of the event (anywhere, "
        "if no station table is given)",
    }
