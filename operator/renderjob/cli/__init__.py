"""The command line: `renderjob plan`, `run`, `get`, `logs` and the verbs, over JobManager."""
