"""Sample paths: possible futures of all series together, whose steps and series depend on each other as they did."""
