"""What is measured of a trained policy besides its return."""
