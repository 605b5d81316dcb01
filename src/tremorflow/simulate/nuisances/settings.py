"""Settings of all nuisances, joined."""

from tremorflow.options import option, settings_class
from tremorflow.simulate.nuisances.air_guns import AirGunSettings
from tremorflow.simulate.nuisances.cultural import CulturalSettings
from tremorflow.simulate.nuisances.currents import CurrentSettings
from tremorflow.simulate.nuisances.local_bursts import LocalBurstSettings
from tremorflow.simulate.nuisances.ships import ShipSettings
from tremorflow.simulate.nuisances.t_phases import TPhaseSettings
from tremorflow.simulate.nuisances.whales import WhaleSettings


@settings_class
class NuisanceSettings:
    """What is no tremor and looks like it: all kinds at realistic rates, each with its switch.

    Stations on the sea floor (below -50 m) hear the sounds in the water; those on land, cultural noise.
    """

    enabled: bool = option(True, unit="-", reason="one switch for all kinds; each has its own too")
    t_phases: TPhaseSettings = TPhaseSettings()
    ships: ShipSettings = ShipSettings()
    air_guns: AirGunSettings = AirGunSettings()
    whales: WhaleSettings = WhaleSettings()
    currents: CurrentSettings = CurrentSettings()
    local_bursts: LocalBurstSettings = LocalBurstSettings()
    cultural: CulturalSettings = CulturalSettings()
