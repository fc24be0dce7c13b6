"""What columns that are known up to now, and no further, add to the forecast of a series."""
