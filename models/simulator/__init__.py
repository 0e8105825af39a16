"""Physically faithful panels: sun, clouds, heat, electricity, faults, sensors and delivery."""
