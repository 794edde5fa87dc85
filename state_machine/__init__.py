"""The state machine function: moves stacks and asks for tasks."""
