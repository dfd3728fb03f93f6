"""The steps of an import, in order: source, reading, checks, calls, patterns, timings, fares, merging, withdrawal."""
