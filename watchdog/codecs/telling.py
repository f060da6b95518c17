"""How far alerts have come, and what people want to hear nothing of."""

from __future__ import annotations

from typing import Final

from watchdog.codecs.shape import AS_IS, SPACED, Key, Shape, by_name, several, word
from watchdog.model.alerting import AlertStage, AlertState, Silence, SilenceScope, Told

TOLD: Final = Shape(Told, Key("stage", word(AlertStage)), "at", Key("keys", several(AS_IS)), "count", ignores_more=True)

ALERT_STATE: Final = Shape(
    AlertState, "waits_from", Key("told", by_name(TOLD.form), always=True), ignores_more=True, separators=SPACED
)

SILENCE: Final = Shape(
    Silence,
    Key("scope", word(SilenceScope)),
    Key("name", always=True),
    "until",
    "reason",
    "by",
    ignores_more=True,
    separators=SPACED,
)
