"""Measures the detector: exactly what a gateway runs, on data it has not seen."""
