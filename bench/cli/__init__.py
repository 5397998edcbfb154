"""The verbs of the command `bench`, a module for each group."""
