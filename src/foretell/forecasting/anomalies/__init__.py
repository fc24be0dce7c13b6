"""Anomalies: values that are unlikely beside those before and after them."""
