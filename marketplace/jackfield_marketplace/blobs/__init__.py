"""Files by content: on disk by default."""

from jackfield_marketplace.blobs.disk import DiskBlobs

__all__ = ["DiskBlobs"]
