"""Words that two rooms share, which may not import each other, are the same words."""

from tremorflow.catalog import quality
from tremorflow.locate import SMALL_GROUP


def test_the_flag_of_small_groups_is_one_word():
    assert quality.SMALL_GROUP == SMALL_GROUP
