"""What measures works, in a tiny size. No test depends on a time."""
