"""Queries of dashboards: PostgreSQL's, which the SDK has no type for, and Prometheus'."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef

POSTGRES: Final = DataSourceRef(type_val="grafana-postgresql-datasource", uid="heliograph")
PROMETHEUS: Final = DataSourceRef(type_val="prometheus", uid="heliograph-prometheus")
Format = Literal["table", "time_series"]


@dataclass(frozen=True)
class Sql(Builder[Dataquery], Dataquery):
    """A query in SQL, with Grafana's macros; neither comments nor parentheses within a macro."""

    sql: str
    """The statement."""
    kind: Format = "time_series"
    """What Grafana makes of it: series of the column ``time``, or a table."""
    ref: str = "A"
    """Its name within the panel."""

    def build(self) -> "Sql":
        """Return itself, which is all there is to it."""
        return self

    def to_json(self) -> dict[str, Any]:
        """Return it as a dashboard has it."""
        return {
            "refId": self.ref,
            "datasource": POSTGRES,
            "format": self.kind,
            "rawQuery": True,
            "editorMode": "code",
            "rawSql": " ".join(self.sql.split()),
        }


@dataclass(frozen=True)
class Promql(Builder[Dataquery], Dataquery):
    """A query of Prometheus."""

    expression: str
    """In PromQL."""
    legend: str
    """How its series are called."""
    ref: str = "A"
    """Its name within the panel."""

    def build(self) -> "Promql":
        """Return itself, which is all there is to it."""
        return self

    def to_json(self) -> dict[str, Any]:
        """Return it as a dashboard has it."""
        return {
            "refId": self.ref,
            "datasource": PROMETHEUS,
            "expr": self.expression,
            "legendFormat": self.legend,
            "range": True,
        }
