"""The httpx client of marketplaces."""
