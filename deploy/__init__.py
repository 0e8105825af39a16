"""How Heliograph is run: the demo, and the text for real installations."""
