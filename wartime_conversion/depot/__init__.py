"""The depot: storage slots, stock lots, receiving, putting away, issuing, counting, rotating."""
