"""The small languages inside configurations: field references, `%{sprintf}`, conditions, time layouts."""
