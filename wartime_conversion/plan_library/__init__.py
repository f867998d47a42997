"""Published plan versions, drafts, and what differs between them."""
