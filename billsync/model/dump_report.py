"""The report that a dump leaves in a folder."""

DUMP_REPORT = "dump.losses.json"
"""The name of the report, which is no file of declarations although its ending is that of one."""
