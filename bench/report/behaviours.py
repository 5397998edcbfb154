"""An overview of the zoo: a table of its behaviour policies, and their learning curves."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from bench.behaviours import ZOO, zoo
from bench.behaviours.zoo import Snapshot, Zoo
from bench.core.files import read_json
from bench.datasets.readers import d4rl_files
from bench.report.cells import MISSING
from bench.report.style import pyplot, save
from bench.tasks.families import Domain
from bench.tasks.registry import DOMAINS, family_of_environment

HEADINGS = [
    "Environment",
    "Algorithm",
    "Steps",
    "Medium",
    "D4RL's medium",
    "Expert",
    "Replay snapshots",
]
COLUMNS = 4  # of the figure


def shipped(root: Path = ZOO) -> list[tuple[Domain, Zoo]]:
    """Return the domains that have behaviour policies, in the order of the registry."""
    return [
        (domain, zoo.read(domain, root))
        for domain in DOMAINS.values()
        if (root / domain.name / "manifest.json").exists()
    ]


def table(root: Path = ZOO) -> str:
    """Return a Markdown table of the policies: normalised returns, lengths of episodes, and raw returns in brackets.

    A return is the mean ± the sample standard deviation over 100 sampled episodes, on an Atari game over 20.
    """
    from tabulate import tabulate

    rows = []
    for domain, policies in shipped(root):
        manifest = _manifest(policies)
        steps = manifest["learning_curve"][-1][0]
        rows.append(
            [
                domain.environment,
                f"{manifest['training']['algorithm'].upper()}, seed {manifest['training']['seed']}",
                f"{steps:,.0f}",
                _level(domain, policies.medium) if _has_medium(domain) else MISSING,
                _medium_of_d4rl(domain),
                _level(domain, policies.expert),
                f"{len(policies.replay)}: {policies.replay[0].score:.1f} to {policies.replay[-1].score:.1f}",
            ]
        )
    return str(tabulate(rows, headers=HEADINGS, tablefmt="github", disable_numparse=True))


def _has_medium(domain: Domain) -> bool:
    return "medium" in family_of_environment(domain.environment).kinds


def _level(domain: Domain, snapshot: Snapshot) -> str:
    raw = f"{snapshot.return_mean:,.1f} ± {snapshot.return_std:,.1f}"
    spread = domain.normalised_spread(snapshot.return_std)
    return f"{snapshot.score:.1f} ± {spread:.1f}, length {snapshot.length_mean:,.0f} ({raw})"


def _medium_of_d4rl(domain: Domain) -> str:
    """Return the published return and length of D4RL's medium data of a domain."""
    file = d4rl_files.files().get(f"{domain.name}-medium")
    if file is None:
        return MISSING
    mean = domain.normalised(file.statistics["return_mean"])
    spread = domain.normalised_spread(file.statistics["return_std"])
    return f"{mean:.1f} ± {spread:.1f}, length {file.statistics['steps'] / file.episodes:,.0f}"


def draw(files: list[Path], root: Path = ZOO) -> None:
    """Draw the return over the steps of each training, and mark the shipped snapshots.

    Raises:
        ValueError: a suffix is neither .png nor .svg.
    """
    found = shipped(root)
    with pyplot() as plt:
        rows = math.ceil(len(found) / COLUMNS)
        figure, grid = plt.subplots(
            rows,
            COLUMNS,
            figsize=(1 + 2.6 * COLUMNS, 0.6 + 2.2 * rows),
            squeeze=False,
            layout="constrained",
        )
        for axes in grid.flat[len(found) :]:
            axes.remove()
        for axes, (domain, policies) in zip(grid.flat, found, strict=False):
            curve = np.array(_manifest(policies)["learning_curve"], dtype=np.float64)
            scores = [domain.normalised(value) for value in curve[:, 1]]
            axes.plot(curve[:, 0] / 1000, scores, color="#999999", lw=1, label="training episodes")
            medium = _has_medium(domain)
            for label, chosen, colour, marker in (
                ("replay", policies.replay[:-1] if medium else policies.replay, "#56B4E9", "o"),
                ("medium", [policies.medium] if medium else [], "#E69F00", "s"),
                ("expert", [policies.expert], "#0072B2", "^"),
            ):
                x, y = [c.step / 1000 for c in chosen], [c.score for c in chosen]
                axes.plot(x, y, marker, color=colour, ms=5, label=label)
            axes.set_title(domain.environment.removeprefix("bench/"), loc="left")
            axes.set_xlabel("training steps, thousands")
            axes.set_ylim(bottom=-10)
        for axes in grid[:, 0]:
            axes.set_ylabel("normalised return")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
        save(figure, files)


def _manifest(policies: Zoo) -> Any:
    return read_json(policies.folder / "manifest.json")
