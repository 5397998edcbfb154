"""Offline data: the container that every method receives, its format on disk, and readers of other formats."""
