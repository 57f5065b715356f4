"""One file per step; each can be taken back."""
