"""Managers' screens; reads only and acts through the gateway's routes."""
