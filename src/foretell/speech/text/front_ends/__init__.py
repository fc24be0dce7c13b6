"""What turns the text of a language into phonemes: gruut, or the program espeak-ng where it is asked for."""

from __future__ import annotations

from foretell.speech.text.front_ends.choice import ESPEAK, GRUUT, NAMES, FrontEnd, front_end_for

__all__ = ["ESPEAK", "GRUUT", "NAMES", "FrontEnd", "front_end_for"]
