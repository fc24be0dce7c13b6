"""A text written on, character by character: a recurrent network that carries its state through all of it."""
