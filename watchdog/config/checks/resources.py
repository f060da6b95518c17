"""Keys of a check that looks at what the service's container uses."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from watchdog.config.checks.section import KindSection
from watchdog.config.fields import Count, Proof, Share, TrueOnly, Window
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.probe.inside import ResourcesProbe


class ResourcesSection(KindSection):
    inside: ClassVar[bool] = True

    resources: TrueOnly = Field(description="Look at what the service's container uses.")
    max_memory: Share | None = Field(
        default=None, description="The most of its memory limit that it may use, or of the host's memory without one."
    )
    max_cpu: Share | None = Field(
        default=None, description="The most of its CPU limit that it may use, or of all processors without one."
    )
    max_restarts: Count | None = Field(
        default=None, description="How often its container may be restarted within `restart_window`."
    )
    restart_window: Window | None = Field(default=None, description="Within which restarts are counted.")
    min_free_disk: Share | None = Field(
        default=None, description="What must be free of the disks of the engine and of its volumes."
    )
    exhausts_within: Proof | None = Field(
        default=None, description="Memory or disk that a trend says to be used up sooner is a FAIL."
    )

    def probe(self, path: KeyPath, problems: Problems) -> ResourcesProbe:
        if self.restart_window is not None and self.max_restarts is None:
            problems.add((*path, "restart_window"), "means nothing by itself; allowed: beside max_restarts")
        return ResourcesProbe(**self.own())
