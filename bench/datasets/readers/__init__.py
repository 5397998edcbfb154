"""Readers of data sets from other sources: D4RL, HDF5, npz, Minari, DQN-replay."""
