"""Machines whose states have actions in Python, in the format of aws-lambda-fsm."""
