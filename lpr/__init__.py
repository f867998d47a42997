"""From a camera frame to a plate read."""
