"""The blocking client, derived from `_async` by generate.py."""
