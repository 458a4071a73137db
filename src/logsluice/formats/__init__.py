"""One folder a log format; see `logsluice.components` for how they are found and `fields` for how they are declared."""
