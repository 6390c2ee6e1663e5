"""The `jackfield-chat` command."""
