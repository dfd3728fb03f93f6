"""How pages look: base templates, and one style sheet of tokens and parts."""
