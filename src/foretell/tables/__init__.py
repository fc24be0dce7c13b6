"""Tables in files, and the numbers, times and steps in them: what every kind of model reads its data by."""
