"""Networks trained on a table: their architecture, windows, training and validation."""
