"""What the companions share: errors, paging, HTTP. A companion imports this and never another companion."""
