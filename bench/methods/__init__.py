"""What every method shares: the contract, its loader, the context of a training, networks and optimisers."""
