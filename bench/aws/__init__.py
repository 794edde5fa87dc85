"""A stand-in for AWS that answers at once, or after a set time, in a process of its own.

It keeps items, takes messages and carries out conditional writes, as far as the state machine
function asks for them, and counts calls. What it does not know it refuses: no figure may come of
a call that did nothing.
"""
