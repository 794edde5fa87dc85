"""The task satisfier function: runs the tasks that stacks ask for, and answers."""
