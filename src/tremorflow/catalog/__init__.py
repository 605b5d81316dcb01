"""Catalogues of events: formats, comparison and quality control.

``formats`` (read and write any of them), ``compare`` (two catalogues, one to one), ``quality`` (duplicates,
isolated events, quality letters). The other modules are one format each, or serve these three.
"""
