"""Joins the running side and the installing side for one application."""
