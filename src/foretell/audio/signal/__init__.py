"""What speech analysis needs of a waveform: mel spectra, fundamental frequency, linear prediction."""

from foretell.audio.signal.cepstrum import cepstrum, with_deltas
from foretell.audio.signal.frames import Frames
from foretell.audio.signal.harmonics import HarmonicFilter
from foretell.audio.signal.level_correction import LevelCorrection
from foretell.audio.signal.linear_prediction import LinearPrediction
from foretell.audio.signal.mel import MelSpectrum
from foretell.audio.signal.phase import RunningPhase, measured_phase
from foretell.audio.signal.pitch import Pitch, PitchTracker

__all__ = [
    "Frames",
    "HarmonicFilter",
    "LevelCorrection",
    "LinearPrediction",
    "MelSpectrum",
    "Pitch",
    "PitchTracker",
    "RunningPhase",
    "cepstrum",
    "measured_phase",
    "with_deltas",
]
