"""The steps of an import, in the order of importer.py: read, check, build in temporary tables, merge, withdraw."""
