"""Grafana: dashboards as code, and what provisions them.

``python -m deploy.grafana`` renders them anew into ``deploy/grafana/dashboards``.
"""
