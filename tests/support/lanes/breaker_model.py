"""A model of a lane's circuit breaker: the rules of circuit_breaker.lua in Python, to compare the script with."""

from dataclasses import dataclass, field

from workers.lanes.circuit_breaker import BreakerPolicy

POLICY = BreakerPolicy(threshold=2, first_hold=500.0, max_hold=1500.0)
_UNPROVEN = 3


@dataclass
class Run:
    """The results of entries that were settled together. Attempts count from 1."""

    answers: int = 0  # done, or rejected
    done: int = 0
    plain: list[int | None] = field(default_factory=list)  # attempts of those done that lead to nothing; None: not held
    failed: list[tuple[bytes, int, bool]] = field(default_factory=list)  # entry, attempt, whether it was the last


@dataclass
class Breaker:
    """The circuit breaker of one lane."""

    open: bool = False
    held: bool = False  # the lane: by the breaker, or while a probe is under way
    probe: str = ""
    prober: str = ""
    tries: int = 0
    streak: set[bytes] = field(default_factory=set)
    proven: int | None = None
    done: int = 0
    forgotten: int = 0

    def begin(self, worker: str, work: bool) -> bool:
        """Start a drain; return whether it is the probe."""
        if not self.open or self.held or not work:
            return False
        self.tries += 1
        self.held, self.prober = True, worker
        return True

    def settle(self, run: Run, token: str) -> tuple[bool, bool]:
        """Apply a run; return whether the breaker is open now, and whether the run was a failed probe."""
        probing = self.open and bool(token) and token == self.probe
        failed_probe = False
        if run.answers:
            self._answered(run, probing)
        elif run.failed:
            failed_probe = probing
            self._failed(run, probing)
        elif probing:
            self._release()
        self.done += run.done
        return self.open, failed_probe

    def forget(self, entry: bytes) -> None:
        """A dead letter is replayed: the streak has counted its entry, and would count it again."""
        if entry in self.streak:
            self.streak.remove(entry)
            self.forgotten += 1
            self.streak.add(b"forgotten %d" % self.forgotten)

    def die(self, worker: str) -> None:
        """A process is found dead."""
        if self.prober == worker:
            self._release()

    def _answered(self, run: Run, probing: bool) -> None:
        if self.open and not probing:
            return
        if not self.open and not self.streak and self.proven is None:
            return
        attempts = [attempt for attempt in run.plain[:20] if attempt]
        known = self.proven or (None if self.open else self._seen())
        best = min(attempts) if attempts else known
        if attempts and known and not self.open:
            best = min(min(attempts), known)
        self.proven = best if best and best > 1 else None
        self.streak = set()
        if self.open:
            self.open, self.tries = False, 0
            self._release()

    def _failed(self, run: Run, probing: bool) -> None:
        if self.open:
            if probing:
                self.probe = self.prober = ""  # it is held again
            return
        self.streak |= {entry for entry, _, _ in run.failed}
        enough = self.proven or self._seen() or _UNPROVEN
        deep = any(last or attempt >= enough for _, attempt, last in run.failed)
        if deep and len(self.streak) >= POLICY.threshold:
            self.open, self.held, self.streak = True, True, set()

    def _seen(self) -> int | None:
        return 1 if self.done else None

    def _release(self) -> None:
        self.held, self.probe, self.prober = False, "", ""
