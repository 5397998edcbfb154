"""What `bench.api` refuses: names that mean nothing, and work that would stand beside the results of other settings."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from bench.core.code import ROOT, method_file
from bench.core.files import sha256
from bench.datasets import storage
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from bench.runs.evaluate import checked_training
from bench.runs.train import TRAINING
from bench.tasks.registry import TASK_FILE, known_tasks

CONFIG = ROOT / "config/config.yaml"


def folder_of(where: str | os.PathLike[str], data: Path) -> Path:
    """Return the folder of the data set that a path or the name of a task means.

    Args:
        where: the folder of a data set, or the name of a task.
        data: the folder of data sets.

    Raises:
        FileNotFoundError: the task has no data here.
        ValueError: this is neither a data set nor a task, or the task has several data sets.
    """
    path = Path(where)
    if (path / storage.MANIFEST).is_file():
        return path
    name = str(where)
    if name not in known_tasks():
        what = (
            "is a folder without a data set" if path.exists() else "is neither a folder nor a task"
        )
        raise ValueError(f"{name} {what}; tasks: {', '.join(known_tasks())}")
    found = sorted(
        {file.parent for file in data.glob(f"*/{name}/{storage.MANIFEST}")}
        | {file.parent for file in data.glob(f"*/{name}/*/{storage.MANIFEST}")}
    )
    if len(found) > 1:
        raise ValueError(
            f"{name} has {len(found)} data sets here: give the folder of one, such as {found[0]}"
        )
    if not found:
        raise FileNotFoundError(
            f"there are no data of {name} in {data}/: `bench data generate --task {name} --steps 100000 --out "
            f"{data}/generated/{name}/100000-0` makes some"
        )
    return found[0]


def refuse_other_task(new: Path, kept: Path) -> None:
    """Refuse to replace an imported task by another one.

    Args:
        new: the folder of the new data set.
        kept: the folder of the one that is there.

    Raises:
        ValueError: their data or their constants differ.
    """
    if _content(new) != _content(kept):
        raise ValueError(
            f"there is another task {kept.name} already, with other data or constants, and runs may belong to it: "
            "choose another name, or replace it with replace=True"
        )


def refuse_other_settings(
    run: Path, data: Path, module: str, options: dict[str, Any], steps: int, device: str
) -> None:
    """Refuse a training whose run is there already, with other settings or other data.

    Raises:
        BadMethod: the method or an option is unknown.
        ValueError: names the first setting that differs.
    """
    if not (run / TRAINING).is_file():
        return
    config = load_method(module).configure(options)
    if hasattr(config, "on"):
        config = config.on(device)
    wanted = {"module": module, "steps": steps, **asdict(config)}
    there = checked_training(run)
    known = {"module": there["module"], "steps": there["steps"], **there["config"]}
    advice = (
        f"give this one a name of its own, such as name={module + '-2'!r}, or remove that folder"
    )
    for key, value in wanted.items():
        if json.dumps(known.get(key)) != json.dumps(value):
            raise ValueError(
                f"{run} was trained with {key} {known.get(key)!r}, not {value!r}: {advice}"
            )
    if there["data"] != sha256(data / storage.MANIFEST):
        raise ValueError(f"{run} was trained on other data: {advice}")


def check_module(name: str) -> None:
    """Refuse a name that is no module: that of a method in the configs, or one with a slip.

    Raises:
        BadMethod: says which module is meant.
    """
    methods = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["methods"]
    modules = sorted({entry["module"] for entry in methods.values() if "module" in entry})
    if name in modules or Path(method_file(name)).is_file():
        return
    if name in methods:
        entry: dict[str, Any] = methods[name]
        options = dict(entry.get("options") or {})
        while "module" not in entry:
            entry = methods[entry["base"]]
            options = (entry.get("options") or {}) | options
        raise BadMethod(
            f"{name!r} is the name of a method in config/config.yaml; give its module, {entry['module']!r}, with these "
            f"options: {json.dumps(options)}"
        )
    if near := get_close_matches(name, modules, n=3):
        raise BadMethod(f"unknown method {name!r}; did you mean {' or '.join(map(repr, near))}?")


def _content(folder: Path) -> tuple[dict[str, Any], str]:
    """Return what a data set is, without the file that it came from."""
    manifest = storage.read_manifest(folder)
    told = {key: value for key, value in manifest.items() if key not in ("origin", "digest")}
    return told, (folder / TASK_FILE).read_text(encoding="utf-8")
