"""After a run: its report as data, page and PDF, and drills compared."""
