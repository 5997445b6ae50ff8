"""What became of each attack, and the table of all of them."""

from collections import Counter
from dataclasses import dataclass, field

P95_SECONDS = 2.0
MEMORY = 1.5  # times the idle server's

TRACEBACK, SILENT, LOST, SOUND = "traceback", "silent", "lost", "sound"


@dataclass
class Outcome:
    """One kind of attack: how its tries ended, ``examples`` of those that should not have ended so, and, of attacks
    on a server, the innocent requests' 95th percentile and the peak of memory over idle.
    """

    name: str
    ends: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    p95: float | None = None
    memory: float | None = None

    def add(self, end: str, example: str = "") -> None:
        self.ends[end] += 1
        if end != SOUND and len(self.examples) < 3:
            self.examples.append(f"{end}: {example}")

    @property
    def missed(self) -> bool:
        faults = sum(self.ends[end] for end in (TRACEBACK, SILENT, LOST))
        return bool(faults) or (self.p95 or 0) > P95_SECONDS or (self.memory or 0) > MEMORY


def show(outcomes: list[Outcome]) -> bool:
    """Prints the table and the goals; whether all were reached."""
    print("\n| attack | tries | tracebacks | silent | lost | innocent p95 ms | memory x idle |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for one in outcomes:
        p95 = "" if one.p95 is None else f"{1000 * one.p95:,.0f}"
        memory = "" if one.memory is None else f"{one.memory:.2f}"
        counts = " | ".join(str(one.ends[end]) for end in (TRACEBACK, SILENT, LOST))
        print(f"| {one.name} | {sum(one.ends.values())} | {counts} | {p95} | {memory} |")
    print(f"\ngoals: 0 tracebacks, 0 silent, 0 lost, p95 <= {P95_SECONDS:g} s, memory <= {MEMORY} x idle")
    missed = [one for one in outcomes if one.missed]
    for one in missed:
        print(f"missed: {one.name}: {'; '.join(one.examples) or 'p95 or memory'}")
    if not missed:
        print("all reached")
    return not missed
