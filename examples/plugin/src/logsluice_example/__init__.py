"""An example of components for logsluice that live in a package of their own."""
