"""Downloads, counted by day."""

from jackfield_marketplace.stats.downloads import count_download, daily_downloads

__all__ = ["count_download", "daily_downloads"]
