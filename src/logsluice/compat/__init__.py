"""Front ends for the configurations of other programs, translated into the one model of `logsluice.config`."""
