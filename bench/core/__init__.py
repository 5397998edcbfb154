"""Plumbing that never decides a number: files, seeds, the machine, hashes of code."""
