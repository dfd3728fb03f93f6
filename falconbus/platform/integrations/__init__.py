"""The world outside: each a protocol and what speaks it; settings choose."""
