"""Find and locate tectonic tremor in continuous seismic recordings of a network."""

__version__ = "0.1.0"
