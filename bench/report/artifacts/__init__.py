"""The artifacts, tables and figures, one module each; `artifacts.toml` lists them."""
