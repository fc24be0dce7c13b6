"""Series that move together: what the recent past of the others adds to the forecast of each."""
