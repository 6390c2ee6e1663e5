"""The `jackfield-marketplace` command."""
