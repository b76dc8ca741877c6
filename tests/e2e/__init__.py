"""Tests on a real cluster, with real renders: `make e2e`."""
