"""Travel times: velocity model + network + grid -> times and slopes, by ray tracing in one dimension."""

from tremorflow.traveltime.model import BUNDLED_MODELS, VelocityModel, read_velocity_model, simplify_model
from tremorflow.traveltime.stations import StationTravelTimes, station_travel_times
from tremorflow.traveltime.table import TravelTimeTable, compute_travel_times

__all__ = [
    "BUNDLED_MODELS",
    "StationTravelTimes",
    "TravelTimeTable",
    "VelocityModel",
    "compute_travel_times",
    "read_velocity_model",
    "simplify_model",
    "station_travel_times",
]
