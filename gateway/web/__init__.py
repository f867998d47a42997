"""The shared look of every page, and the drivers' and the attendant's pages."""
