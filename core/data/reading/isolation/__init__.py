"""Reads a file in a process of its own, within limits of memory and time, so that no file can harm the process that asks."""
