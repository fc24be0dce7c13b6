"""Texts sorted into classes: by the words they are made of, and by what a recurrent network reads in their order."""
