"""Training of the plate detector and recogniser; needs torch and is never imported by the product."""
