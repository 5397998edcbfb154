"""Readers of data sets that others wrote: D4RL, HDF5, npz, Minari, DQN-replay."""
