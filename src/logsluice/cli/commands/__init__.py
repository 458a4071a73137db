"""One module a command: its name is the command's, the first line of its docstring its line in `logsluice --help`.

Each has `command`, a `click.Command`. Listing them imports none; calling one imports that one. Heavy imports happen
inside its function.
"""
