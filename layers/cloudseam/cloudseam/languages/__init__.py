"""The languages a machine can be written in. Each compiles to a `cloudseam.machine.Machine`."""
