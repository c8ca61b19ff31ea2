"""Development: a whole world of made-up parties with throw-away keys."""
