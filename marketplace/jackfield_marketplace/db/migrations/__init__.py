"""Alembic's folder: `env` and one file for each revision."""
