"""Heads, which read a network's outputs at a time step as a distribution of the next value, and sample from it."""

from foretell.nn.heads.categorical import Categorical
from foretell.nn.heads.gaussian import Gaussian
from foretell.nn.heads.head import Head
from foretell.nn.heads.mixture_of_logistics import MixtureOfLogistics
from foretell.nn.heads.registry import head_from_dict
from foretell.nn.heads.sampling import Sampling

__all__ = ["Categorical", "Gaussian", "Head", "MixtureOfLogistics", "Sampling", "head_from_dict"]
