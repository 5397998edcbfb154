"""Decision Transformer on images, for Atari."""
