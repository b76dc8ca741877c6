"""Suites of tests that hold several implementations to the same behaviour; a class of tests inherits one."""
