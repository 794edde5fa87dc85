"""Drawings of machines. Equal machines give equal drawings, to the byte."""
