"""What makes a drill more than a run: injects, scores, hot wash."""
