"""What both programs must agree on: readings, limits, segments, alerts, signatures."""
