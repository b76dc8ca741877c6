"""Runs on this machine: what a manifest needs here, how it comes to the store, and which jobs run together."""
