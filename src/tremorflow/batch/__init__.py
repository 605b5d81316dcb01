"""Runs over archives: recordings in, catalogue, pictures and report out."""
