"""Bytes to records: decompression, lines, JSON records. Limits, offsets and identity live here and nowhere else."""
