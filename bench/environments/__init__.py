"""Environments: those of this suite, and parallel envs of any environment."""
