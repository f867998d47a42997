"""What phones send: entries, photos, signers and their PINs."""
