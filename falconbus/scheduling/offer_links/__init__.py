"""The page behind a notification's link, where somebody who is asked for a charter answers without signing in."""
