"""Faults that tests bring about beside the outbox, and a plain account of what it must hold."""
