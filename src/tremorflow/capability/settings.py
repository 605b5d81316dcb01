"""Settings of the capability: what burst is asked for, and what stands between it and an event."""

from dataclasses import dataclass, field

from tremorflow.associate.settings import AssociationSettings
from tremorflow.energy.settings import EnergySettings
from tremorflow.locate.settings import LocationSettings
from tremorflow.options import option, settings_class


@settings_class
class CapabilitySettings:
    """Which burst is asked for, where, and how surely the chain must find it."""

    duration_s: float = option(
        60.0, unit="s", reason="of the burst: between a single LFE (20 s) and a window of DiET (120 s)", gt=0
    )
    probability: float = option(
        0.5, unit="-", reason="of being found, that the smallest burst reaches", gt=0, lt=1
    )
    cell_deg: float = option(
        0.2, unit="deg", reason="half of the station spacing of S-net; energies change slowly", gt=0, le=2
    )
    amplitude_scatter: float = option(
        0.11,
        unit="log10",
        reason="sd of a station's amplitude about 1/r, Q and its site term: radiation and path (simulated)",
        ge=0,
    )
    site_scatter: float = option(
        0.29,
        unit="log10",
        reason="sd of the site terms of stations that have none, besides: as among simulated S-net stations",
        ge=0,
    )
    sure_probability: float = option(
        0.8,
        unit="-",
        reason="of tremor, of a station whose envelope correlates too: the recall of five days of the "
        "simulated scenario weak (seeds 614 and 1721) is likeliest with it",
        gt=0,
        lt=1,
    )
    lost: float = option(
        0.07,
        unit="-",
        reason="share of loud bursts that are not found: earthquakes, nuisances, short ones (19 of 272, "
        "seven days of the simulated scenario weak, seeds 14, 214, 614 and 1721)",
        ge=0,
        lt=1,
    )
    least_log10_j: float = option(-3.0, unit="log10 J", reason="no network sees less than a mJ")
    most_log10_j: float = option(
        10.0, unit="log10 J", reason="ten times the largest burst known; not found at this size: never found"
    )

    def __post_init__(self) -> None:
        """Refuse a range without energies, and a probability that nothing reaches."""
        if self.most_log10_j <= self.least_log10_j:
            raise ValueError(
                f"most_log10_j = {self.most_log10_j} must exceed least_log10_j = {self.least_log10_j}"
            )
        if self.probability >= 1 - self.lost:
            raise ValueError(
                f"probability = {self.probability} must be below {1 - self.lost:g}: a share lost = "
                f"{self.lost} of all bursts is never found"
            )


@dataclass(frozen=True, slots=True)
class ChainRules:
    """Settings of the stages that decide what the chain finds."""

    association: AssociationSettings = field(default_factory=AssociationSettings)
    location: LocationSettings = field(default_factory=LocationSettings)
    energy: EnergySettings = field(default_factory=EnergySettings)

    @property
    def needed_stations(self) -> int:
        """Fewest stations that are a group, may be located, and have pairs enough among them."""
        pairs, count = self.location.min_pairs, 2
        while count * (count - 1) // 2 < pairs:
            count += 1
        return max(count, self.association.min_stations, self.location.min_stations)
