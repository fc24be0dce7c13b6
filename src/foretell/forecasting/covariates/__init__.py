"""Columns beside the target: known and static ones, the calendar, holidays, and what each is worth."""
