"""Dead letters: what they are, what they would do now, and how they get another chance."""
