"""The service: forecasts and fits over HTTP, and the page that it serves.

The modules with options import neither torch nor FastAPI, so that `--help` is quick.
"""
