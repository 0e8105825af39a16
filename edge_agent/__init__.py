"""The gateway's program: hears panels and forgets nothing before the collector has it."""
