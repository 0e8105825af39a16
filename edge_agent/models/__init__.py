"""The life of a model: kept, checked, tried beside the one in use, used, given up.

| file | |
|---|---|
| `asked` | what a model has to be able to do |
| `record` | what is known of each model, and which is in use: one small file |
| `store` | that file and the models' own, beside the outbox |
| `tally` | what is told with a model, counted |
| `shadow` | a candidate looks at what the model in use looks at |
| `book`, `loading` | the record and the models as the agent has them in memory |
| `judging` | when one is given up, and when a new one is no worse |
| `life` | which model is used, and when that changes |
| `by_hand` | a person's orders, given beside a running agent |

Nothing in here stops a reading: what fails is said, and detection goes on with the model before,
with the one that came with the agent, or with rules alone.
"""

from edge_agent.models.asked import Asked, Speed
from edge_agent.models.judging import Limits
from edge_agent.models.life import Models
from edge_agent.models.loading import Sources
from edge_agent.models.shadow import Seen
from edge_agent.models.store import Store, models_folder

__all__ = ["Asked", "Limits", "Models", "Seen", "Sources", "Speed", "Store", "models_folder"]
