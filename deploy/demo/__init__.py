"""The demo: two solar sites, live, on one machine, with nothing installed but this project."""
