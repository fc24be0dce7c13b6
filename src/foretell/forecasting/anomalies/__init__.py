"""Anomalies: values outside what everything before them made likely."""
