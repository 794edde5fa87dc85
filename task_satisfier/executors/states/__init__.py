"""Executor `states`: the tasks of machines in Amazon States Language."""
