"""`[[journey]]`: what a person does, in order, as written."""

from watchdog.config.journeys.build import read_journey
from watchdog.config.journeys.sections import CaptureSection, JourneySection, RetrySection, StepSection

__all__ = ["CaptureSection", "JourneySection", "RetrySection", "StepSection", "read_journey"]
