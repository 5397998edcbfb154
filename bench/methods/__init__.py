"""The parts that all methods share: the contract, its loader, the context of a training, networks and optimisers."""
