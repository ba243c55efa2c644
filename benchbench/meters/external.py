"""A meter outside of the machine, such as a plug in the wall: a command or a file that it feeds.

Each line has a time stamp (seconds since 1970, of the meter's own clock) and watts, apart by spaces
or a comma; a line that begins with ``#`` may say ``simulated``, ``gain=0.01`` (share of a reading)
and ``offset_w=0.5``. ``command:`` starts a command for as long as the meter is open and reads its
output; ``external:`` reads a file that something else goes on writing.

The meter's clock is aligned with this machine's by the lines' arrival: the line that came with the
least delay is taken to have come at once. Its true delay stays unknown, but the clocks' difference
falls out; how much later other lines came is told, and counts as the time by which the energy may
be behind.
"""

from __future__ import annotations

import shlex
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.meters.base import Meter
from benchbench.meters.limits import Ceiling, Uncertainty
from benchbench.meters.registry import meter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchbench.meters.registry import Request

__all__ = ["Aligned", "ExternalMeter", "open_external", "parsed"]

FIRST_LINES_S = 10.0  # ours: a plug of one reading a second has given some by then
ENOUGH = 3  # lines, before it is open: two clocks are aligned by the quickest
GAPS = 3.0  # times the usual time between two lines, after which energy is not known
LEAST_GAP_S = 2.0
GAIN, OFFSET_W = 0.02, 1.0  # ours, where the meter says nothing: usual for meters of households
CLOSE_S = 1.0  # at most, for the last line
TAIL_S = 0.05  # between two looks at a file


def parsed(line: str) -> tuple[float, float] | None:
    """Time stamp and watts of a line; None of one that is empty or a remark.

    Raises:
        MeterError: It is neither.
    """
    text = line.strip()
    if not text or text.startswith("#"):
        return None
    try:
        stamp, watts = (float(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise MeterError(
            f"expected a time stamp in seconds and watts, found {text[:60]!r}"
        ) from error
    if not (0 < stamp < 1e11 and 0 <= watts < 1e6):
        raise MeterError(f"no time in seconds and power in watts: {text[:60]!r}")
    return stamp, watts


class Aligned:
    """Joules of readings with a clock of their own, each held until the next.

    Attributes:
        failure: Why they are distrusted; empty where they are not.
        delay_s: How much later than the quickest line the slowest came, seconds.
        period_s: Longest usual time between two readings, seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Nothing has been read.

        Args:
            clock: Function that tells the time, seconds.
        """
        self._clock, self._lock = clock, threading.Lock()
        self._offsets_s: tuple[float, float] | None = None  # arrival less stamp: least and most
        self._last: tuple[float, float] | None = None
        self._energy_j = self._heard_s = 0.0
        self.failure, self.lines = "", 0
        self.delay_s = self.period_s = 0.0
        self.remarks: list[str] = []

    def take(self, line: str) -> None:
        """Take a line that has just arrived; what is wrong with it is told by `energy_j`."""
        now_s = self._clock()
        if line.lstrip().startswith("#"):
            self.remarks.append(line.lstrip()[1:].strip())
            return
        try:
            found = parsed(line)
        except MeterError as error:
            self.failure = self.failure or str(error)
            return
        if found is None:
            return
        with self._lock:
            self._add(*found, now_s)

    def _add(self, stamp: float, watts: float, now_s: float) -> None:
        offset_s = now_s - stamp
        if self._last is not None:
            before, power_w = self._last
            passed_s = stamp - before
            if passed_s <= 0:
                self.failure = self.failure or (
                    f"its time stamps go back by {-passed_s:.3g} s: its clock was set"
                )
                return
            usual_s = self.period_s or passed_s
            if passed_s > max(GAPS * usual_s, LEAST_GAP_S) and not self.failure:
                self.failure = f"it gave no reading for {passed_s:.3g} s"
            self.period_s = max(usual_s, passed_s)
            self._energy_j += power_w * passed_s
        least_s, most_s = self._offsets_s or (offset_s, offset_s)
        self._offsets_s = (min(least_s, offset_s), max(most_s, offset_s))
        self.delay_s = self._offsets_s[1] - self._offsets_s[0]
        self._last, self._heard_s, self.lines = (stamp, watts), now_s, self.lines + 1

    def energy_j(self) -> float:
        """Joules up to the last reading.

        Raises:
            MeterError: A line was wrong, or none has come for long.
        """
        with self._lock:
            silent_s = self._clock() - self._heard_s if self._last else 0.0
            if silent_s > self.silence_s and not self.failure:
                self.failure = f"it has given no reading for {silent_s:.3g} s"
            if self.failure:
                raise MeterError(f"the external meter: {self.failure}")
            return self._energy_j

    @property
    def silence_s(self) -> float:
        """How long a line may be away, seconds."""
        return max(GAPS * self.period_s, LEAST_GAP_S) + self.delay_s

    def power_w(self) -> float:
        """The last reading, watts."""
        with self._lock:
            return self._last[1] if self._last else 0.0


class ExternalMeter(Meter):
    """What a command or a file says of a meter outside of the machine."""

    integrates = True
    ceiling = Ceiling(20_000.0, "20 kW (ours: more than a circuit for one machine carries)", 2.0)
    frozen_remedy = "see whether the meter still gives a line for each reading"

    def __init__(self, lines: Iterator[str], name: str, close: Callable[[], None]) -> None:
        """Wait for the first readings.

        Args:
            lines: The lines, as they arrive.
            name: What is read, for the report.
            close: Ends what gives them.

        Raises:
            MeterError: None has come in time, or they are no readings.
        """
        self._end, self._sum, self._done = close, Aligned(), False
        self._thread = threading.Thread(target=self._read, args=(lines,), daemon=True)
        self._thread.start()
        begin = time.perf_counter()
        while self._sum.lines < ENOUGH and not self._sum.failure and not self._done:
            if time.perf_counter() - begin > FIRST_LINES_S:
                break
            time.sleep(0.01)
        if self._sum.lines < ENOUGH:
            why = self._sum.failure or f"fewer than {ENOUGH} readings in {FIRST_LINES_S:g} s"
            self.close()
            raise MeterError(f"{name}: {why}")
        said = " ".join(self._sum.remarks).split()
        self._told = self._gain_and_offset(said)
        self.name = name
        self.provenance = "simulated" if "simulated" in said else "real"
        self._follow()
        late = self._sum.delay_s
        aligned = (
            f"its clock is aligned by its readings' arrival, which varied by {late:.2g} s at "
            "first; how late the quickest of them came is not known"
        )
        of_what = "the energy is summed up from an external meter's readings: of all that it feeds"
        self.notes = (of_what, aligned)

    def _gain_and_offset(self, said: list[str]) -> tuple[float, float, str]:
        told = dict(word.split("=", 1) for word in said if word.count("=") == 1)
        try:
            gain, offset = float(told.get("gain", GAIN)), float(told.get("offset_w", OFFSET_W))
        except ValueError as error:
            self.close()
            raise MeterError(f"gain= and offset_w= are no numbers: {error}") from error
        ours = [name for name in ("gain", "offset_w") if name not in told]
        return gain, offset, f"{' and '.join(ours)} ours" if ours else "as the meter says"

    def _follow(self) -> None:
        """What it may be off by, and how long it may be silent, by the lines until now."""
        lag_s = self._sum.period_s + self._sum.delay_s
        self.uncertainty = Uncertainty(*self._told, lag_s, self._sum.period_s)
        self.frozen_s = self._sum.silence_s

    def _read(self, lines: Iterator[str]) -> None:
        for line in lines:
            self._sum.take(line)
        if not self._done:
            self._done = True
            self._sum.failure = self._sum.failure or "it has ended"

    def energy_j(self) -> float:
        """Joules up to the last reading.

        Raises:
            MeterError: A reading was wrong, or came too late.
        """
        found = self._sum.energy_j()
        self._follow()
        return found

    def power_w(self) -> float:
        """The last reading, watts."""
        self._sum.energy_j()
        return self._sum.power_w()

    def close(self) -> None:
        """End what gives the readings; a second call does nothing."""
        self._done = True
        self._end()
        self._thread.join(CLOSE_S)


@meter("command:<command>", "external:<file>", place=6)
def open_external(request: Request) -> ExternalMeter:
    """Start the command, or follow the file.

    Raises:
        MeterError: It cannot be started or read, or gives no readings.
    """
    of_command = request.selector.startswith("command:")
    found = _of_command(request.choice) if of_command else _of_file(Path(request.choice))
    found.chosen_by_hand(request.selector, request.device)
    return found


def _of_command(command: str) -> ExternalMeter:
    try:
        process = subprocess.Popen(  # noqa: S603 - the suite's own, as its models are
            shlex.split(command), stdout=subprocess.PIPE, text=True, errors="replace"
        )
    except (OSError, ValueError) as error:
        raise MeterError(f"the meter's command cannot be started: {error}") from error
    output = process.stdout
    if output is None:
        raise RuntimeError("a pipe was asked for")

    def lines() -> Iterator[str]:
        with output:
            yield from iter(output.readline, "")

    def end() -> None:
        process.kill()
        process.wait()

    return ExternalMeter(lines(), f"command {command}", end)


def _of_file(file: Path) -> ExternalMeter:
    try:
        stream = file.open("r", encoding="utf-8", errors="replace")
    except OSError as error:
        raise MeterError(f"{file}: cannot be read: {error.strerror}") from error
    ended = threading.Event()

    def lines() -> Iterator[str]:
        held = ""
        with stream:
            for old in stream:  # what was before: its remarks alone, its arrival says nothing
                if old.lstrip().startswith("#"):
                    yield old
            while not ended.is_set():
                held += stream.readline()
                if held.endswith("\n"):
                    yield held
                    held = ""
                else:
                    ended.wait(TAIL_S)

    return ExternalMeter(lines(), f"file {file.name}", ended.set)
