"""Keys of what a feed has made: `feed:id`, and what we add to an id where one of the feed's is not enough."""

#: Separates our addition from an id. No id of a feed has it: characters that are no text are refused (reading.py).
OURS = "chr(31)"
