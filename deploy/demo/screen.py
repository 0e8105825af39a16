"""What the demo says."""

from collections.abc import Mapping

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from deploy.demo.plan import SITES, Plan


class Screen:
    """Tells a person what happens."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)

    def say(self, what: str) -> None:
        """Say one line."""
        self._console.print(Text(what))

    def fail(self, what: str) -> None:
        """Say what went wrong."""
        self._console.print(Text(what, style="red"))

    def show(self, plan: Plan, *, urls: Mapping[str, str]) -> None:
        """Say where everything is, and what to look at."""
        text = Text()
        text.append(f"{plan.url}\n\n", style="bold underline")
        text.append("What to look at\n", style="bold")
        text.append(
            "• The two sites, their power now and over the last days.\n"
            "• The open alerts: three faults are known, a fourth is found within three minutes.\n"
            f"• {plan.url}/docs has every question the collector answers.\n\n"
        )
        text.append("What is wrong there\n", style="bold")
        for site in SITES:
            text.append(f"• {site.name}: {', '.join(site.faults)}\n")
        text.append("\nTry it\n", style="bold")
        text.append(
            f". {plan.folder}/env\n"
            'curl -H "Authorization: Bearer $VIEWER_TOKEN" $COLLECTOR_URL/api/sites\n'
            "Brokers: " + ", ".join(urls.values()) + "\n"
            f"Logs: {plan.logs}\n\n"
        )
        text.append(
            f"It ends by itself after {plan.seconds:g} s."
            if plan.seconds is not None
            else "Ctrl-C ends it all."
        )
        self._console.print(Panel(text, title="Heliograph", expand=False, padding=(1, 2)))
