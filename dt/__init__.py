"""Decision Transformer (Chen, Lu et al. 2021), under the same contract as every baseline.

`dt.DecisionTransformer` is the network, `dt.Config` its hyperparameters, `dt.load` reads a policy back
from its file. They are imported on first use, so that `import dt` itself stays fast.
"""

from __future__ import annotations

import importlib
from typing import Any

_MODULES = {"Config": "dt.config", "DecisionTransformer": "dt.model", "load": "dt.method"}
__all__ = ["Config", "DecisionTransformer", "load"]


def __getattr__(name: str) -> Any:
    """Import the module of a public name."""
    if name not in _MODULES:
        raise AttributeError(f"module 'dt' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
