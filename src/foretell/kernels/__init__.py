"""How a whole sequence is computed: scans over time. Only `foretell.nn` calls this package."""
