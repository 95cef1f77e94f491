"""The client that awaits. `generate.py` derives the blocking client, `_sync`, from these files."""
