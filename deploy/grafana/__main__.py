"""Renders the dashboards anew."""

from deploy.grafana.render import FOLDER, rendered

if __name__ == "__main__":
    for name, text in rendered().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
