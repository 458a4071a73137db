"""The version, in one place: read by the build, by `--version` and by the user agent of AWS calls."""

__version__ = "0.1.0"
