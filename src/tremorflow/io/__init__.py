"""From bytes to records: one room per format, each giving segments, spans and what was skipped."""
