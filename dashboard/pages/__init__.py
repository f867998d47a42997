"""The screens: one module each, with a layout and thin callbacks."""
