"""Infrastructure that does not decide any result: files, seeds, the machine, hashes of code."""
