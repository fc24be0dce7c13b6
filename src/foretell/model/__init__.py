"""The shared base of all kinds of trained models: workflow, settings and registry."""
