"""The panel simulator, and what is learned from it."""
