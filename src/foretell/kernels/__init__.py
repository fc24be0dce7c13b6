"""Kernels that compute whole sequences: scans over time. Only `foretell.nn` calls this package."""
