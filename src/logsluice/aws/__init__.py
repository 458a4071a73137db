"""AWS's side of things: sessions, notification envelopes, reading objects, signing."""
