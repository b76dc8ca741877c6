"""Executors: each runs attempts somewhere. A new one is a package beside `local`."""
