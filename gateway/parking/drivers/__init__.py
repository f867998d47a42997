"""Gates, boards and payment providers behind small protocols."""
