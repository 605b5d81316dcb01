"""Why a detection is there, or why there is none: the chain run again on a few windows, and told."""

from tremorflow.explain.evidence import Evidence, gather_evidence
from tremorflow.explain.explanation import explain_time
from tremorflow.explain.steps import Step, steps
from tremorflow.explain.story import (
    Asked,
    Explanation,
    GroupingStory,
    GroupStory,
    LocatingStory,
    Place,
    Rules,
    SourceStory,
    Verdict,
)
from tremorflow.explain.words import (
    clock,
    conclusion,
    headline,
    place_words,
    source_lines,
    stamp,
    text_lines,
)

__all__ = [
    "Asked",
    "Evidence",
    "Explanation",
    "GroupStory",
    "GroupingStory",
    "LocatingStory",
    "Place",
    "Rules",
    "SourceStory",
    "Step",
    "Verdict",
    "clock",
    "conclusion",
    "explain_time",
    "gather_evidence",
    "headline",
    "place_words",
    "source_lines",
    "stamp",
    "steps",
    "text_lines",
]
