"""Where deliveries come from: one module a source."""
