"""CloudSeam on one computer: the embedded AWS, and both functions beside it."""
