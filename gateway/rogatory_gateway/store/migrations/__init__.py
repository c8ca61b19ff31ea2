"""Schema migrations (Alembic), from the first commit."""
