"""The claims of the paper and its talk, and the ledger with their verdicts."""
