"""Pictures of a job's frames, made here or by a pod beside the frames."""
