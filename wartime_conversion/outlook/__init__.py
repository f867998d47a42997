"""What lies ahead: the schedule of a plan version with its verdict, and the rest of a running plan."""
