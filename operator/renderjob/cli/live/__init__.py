"""A running job as it is shown: on a terminal, as plain lines, or as JSON lines."""
