"""The configuration model, its YAML front end, and the assembly of pipelines from it."""
