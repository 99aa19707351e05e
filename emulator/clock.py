"""Time in the emulator: when things are stamped, and how fast work goes."""

import time
from collections.abc import Callable


def whole_second(epoch_ms: int) -> int:
    """Times just written carry milliseconds; the same times read again do not (seen in Adobe's samples)."""
    return epoch_ms // 1000 * 1000


class Clock:
    """Stamps follow the wall clock; work (publishing, importing, provisioning) runs `speed` times as fast.

    Stamps are never sped up: clients compare them with their own clock and with the life time of tokens.
    With speed 0 work stands still until `advance` moves it.
    """

    def __init__(self, *, speed: float = 1.0, now: Callable[[], float] | None = None) -> None:
        if speed < 0:
            raise ValueError("The speed of the emulator must be 0 or more.")
        self.speed = speed
        self._now = now or time.time
        self._started_at = self._now()
        self._work_before_s = 0.0
        self._advanced_s = 0.0

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return int((self._now() + self._advanced_s) * 1000)

    def work_s(self) -> float:
        """Seconds of work that have passed since the start."""
        return self._work_before_s + (self._now() - self._started_at) * self.speed + self._advanced_s

    def moment_of(self, work_s: float) -> int:
        """When the work reached `work_s`, in epoch milliseconds; now, if that is not in the past."""
        behind = max(0.0, self.work_s() - work_s)
        return self.now_ms() - int(behind / (self.speed or 1) * 1000)

    def advance(self, seconds: float) -> None:
        """Let this many seconds pass at once, for stamps and for work."""
        if seconds < 0:
            raise ValueError("Time only moves forward.")
        self._advanced_s += seconds

    def change_speed(self, speed: float) -> None:
        """From now on; the work done so far stays done."""
        if speed < 0:
            raise ValueError("The speed of the emulator must be 0 or more.")
        moment = self._now()
        self._work_before_s += (moment - self._started_at) * self.speed
        self._started_at, self.speed = moment, speed
