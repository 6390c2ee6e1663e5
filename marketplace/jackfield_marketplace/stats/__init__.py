"""Downloads, counted by day."""

from jackfield_marketplace.stats.downloads import DownloadCounter, count_downloads, daily_downloads

__all__ = ["DownloadCounter", "count_downloads", "daily_downloads"]
