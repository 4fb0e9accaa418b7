"""Measure the steps of a computation."""

import time


class StepTimer:
    """Milliseconds of each named step, in `steps`; the total on demand."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """End the step `name`, which began when the one before it ended."""
        now = time.perf_counter()
        self.steps[name] = round(1000 * (now - self._last), 1)
        self._last = now

    @property
    def total(self) -> float:
        """The sum of all steps."""
        return sum(self.steps.values())
