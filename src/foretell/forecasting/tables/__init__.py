"""Tables of any shape, read and laid out as a panel."""
