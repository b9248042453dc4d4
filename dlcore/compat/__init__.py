"""Formats and interfaces of other libraries, on the operations of this one."""
