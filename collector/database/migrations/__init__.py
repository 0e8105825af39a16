"""Alembic's migrations: each runs SQL files of its own folder under ``schema``.

What a released migration runs is never edited; a change is a new migration with its own folder.
"""
