"""What makes delivery safe: byte budget, heartbeat, sending with retries, parking, dead letter, policies."""
