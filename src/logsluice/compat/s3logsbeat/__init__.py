"""S3logsbeat's configuration in native words."""
