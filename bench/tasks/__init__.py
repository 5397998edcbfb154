"""Tasks: their environments, kinds of data, target returns and reference scores."""
