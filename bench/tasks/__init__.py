"""The tasks: environments, data sets, target returns and reference scores."""
