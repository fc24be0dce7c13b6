"""Conversion of weights to and from the recurrent layers of other libraries: Keras and lmnt-com/haste.

The function that a trained layer computes in evaluation is preserved. Options that act only in training (dropout,
recurrent dropout, haste's DropConnect) or only set initial values (Keras's `unit_forget_bias`, haste's `forget_bias`)
are not converted. An option that changes the function, and that the other side lacks or has set differently, raises
ValueError. Neither library needs to be installed.
"""

from foretell.nn.conversion.haste import from_haste, to_haste
from foretell.nn.conversion.keras import from_keras, to_keras

__all__ = ["from_haste", "from_keras", "to_haste", "to_keras"]
