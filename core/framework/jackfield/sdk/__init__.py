"""The plugin author's kit: publishing. (Scaffold, checks and test kit come with the rest of the kit.)"""

from jackfield.sdk.publishing import Published, publish

__all__ = ["Published", "publish"]
