"""Locate, rectify and recognise plates: arrays in, arrays or text out."""
