"""What drives a pipeline: the daemon's workers, and later Lambda. All call the same `Pipeline.process`."""
