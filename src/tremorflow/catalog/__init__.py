"""Catalogues of events: formats, comparison and quality control."""
