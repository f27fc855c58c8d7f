"""What strangers could send: on the whole way, and in great numbers (`python -m tests.programs.hostile`)."""
