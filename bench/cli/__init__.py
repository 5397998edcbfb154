"""The command line `bench`; one module for each group of commands."""
