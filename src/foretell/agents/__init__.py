"""Forecasting for agents: tools over the Model Context Protocol, on the files of one folder."""
