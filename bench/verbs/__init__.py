"""The verbs of the command `bench`, a module for each family. Thin; what a verb needs is imported
inside it.
"""
