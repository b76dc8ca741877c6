"""Logs of attempts: which one is meant, and where it is read."""
