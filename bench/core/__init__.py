"""Infrastructure that knows no method and no task: files, seeds, the machine, hashes of code."""
