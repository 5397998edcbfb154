"""Offline data: the container every method receives, its format on disk, and where it comes
from.
"""
