"""Decision Transformer (Chen, Lu et al. 2021), under the same contract as every baseline."""
