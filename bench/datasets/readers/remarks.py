"""What a reader did besides reading: what it left out, counted or changed. It is printed and recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bench.datasets.readers.checks import WrongData


@dataclass
class Remarks:
    """Facts about one reading of a source.

    Attributes:
        steps_left_out: steps that are in no whole episode.
        episodes_left_out: unfinished episodes, which these steps are from.
        timeouts_counted: time-outs that the source does not mark; they were counted from the time limit.
        unused: arrays of the source that hold no transitions, such as D4RL's infos.
        ignored: arrays that the user told the reader to ignore.
        action_bounds: (act,) low and (act,) high of the environment, if the actions were rescaled to [-1, 1].
        environment: what the source says about its environment and is not used, and why.
        data: what is unusual in the data, or contradicts other data, and does not stop the import.
        no_final_observations: whether the source has no usable observation after the last action of an episode.
    """

    steps_left_out: int = 0
    episodes_left_out: int = 0
    timeouts_counted: int = 0
    unused: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    action_bounds: tuple[list[float], list[float]] | None = None
    environment: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    no_final_observations: bool = False

    def leave_out(self, name: str, steps: int, of: int, episodes: int, of_episodes: int) -> None:
        """Count steps and unfinished episodes that are left out.

        Args:
            name: the data, at the start of a message.
            steps: left out.
            of: all steps of the source.
            episodes: left out.
            of_episodes: all episodes of the source.

        Raises:
            WrongData: most of the steps or of the episodes would be left out.
        """
        self.steps_left_out, self.episodes_left_out = steps, episodes
        if 2 * steps > of or 2 * episodes > of_episodes:
            raise WrongData(
                f"{name}: {steps:,} of {of:,} steps ({episodes:,} of {of_episodes:,} episodes) are in episodes "
                "whose end is not marked, so most of the data would be left out. Mark the last step of each episode as "
                "a terminal or as a time-out"
            )

    def record(self) -> dict[str, Any]:
        """Return the entries of a manifest."""
        entries: dict[str, Any] = {
            "left_out": {"steps": self.steps_left_out, "episodes": self.episodes_left_out}
        }
        if self.timeouts_counted:
            entries["timeouts_counted_from_the_time_limit"] = self.timeouts_counted
        if self.unused:
            entries["arrays_not_used"] = self.unused
        if self.ignored:
            entries["arrays_ignored"] = self.ignored
        if self.action_bounds is not None:
            low, high = self.action_bounds
            entries["actions_rescaled_from"] = {"low": low, "high": high}
        if self.environment:
            entries["environment_remarks"] = self.environment
        if self.data:
            entries["data_remarks"] = self.data
        return entries

    def lines(self) -> list[str]:
        """Return the same as lines of text; empty: everything was read as it is."""
        found = [*self.environment, *(f"warning: {line}" for line in self.data)]
        if self.steps_left_out:
            found.append(
                f"left out: {self.steps_left_out:,} steps of {self.episodes_left_out:,} unfinished episode(s)"
            )
        if self.timeouts_counted:
            found.append(
                f"the file marks no time-outs: {self.timeouts_counted:,} were counted from the time limit"
            )
        if self.unused:
            found.append(f"not used: {_short(self.unused)}")
        if self.ignored:
            found.append(f"ignored, as you asked: {_short(self.ignored)}")
        if self.action_bounds is not None:
            low, high = (" ".join(f"{x:g}" for x in ends) for ends in self.action_bounds)
            found.append(
                f"actions rescaled to -1 to 1 from {low} to {high}; an evaluation maps them back"
            )
        return found


def _short(names: list[str], most: int = 8) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
