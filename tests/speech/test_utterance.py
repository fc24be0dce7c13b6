"""What is to be spoken, as phonemes."""

import pytest

from foretell.speech.utterance import Segment


def test_a_segment_has_a_level_of_stress_per_symbol() -> None:
    assert Segment(("h", "aɪ", "."), (0, 1, 0), "en").voice is None
    with pytest.raises(ValueError, match="2 symbols, but 1 levels of stress"):
        Segment(("h", "aɪ"), (0,), "en")
