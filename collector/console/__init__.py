"""The web console: page shells, static files and the content policy they run under."""
