"""The tables and figures, one module each; `registry.py` lists them."""
