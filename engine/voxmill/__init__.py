"""Voxmill."""
