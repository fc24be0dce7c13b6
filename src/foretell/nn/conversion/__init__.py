"""Weights to and from the recurrent layers of other libraries: Keras, and lmnt-com/haste.

What carries over is the function that a trained layer computes in evaluation. What acts in training alone (dropout,
recurrent dropout, haste's DropConnect) and where an initial value came from (Keras's `unit_forget_bias`, haste's
`forget_bias`) stay with the layer on either side. An option that changes the function, and that the other side lacks
or has set otherwise, raises ValueError. Neither library is needed to convert.
"""

from foretell.nn.conversion.haste import from_haste, to_haste
from foretell.nn.conversion.keras import from_keras, to_keras

__all__ = ["from_haste", "from_keras", "to_haste", "to_keras"]
