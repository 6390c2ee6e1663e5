"""One worker process under watch: looked at several times a second, and what it broke."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from jackfield.isolation import measuring
from jackfield.isolation.breaches import Breach, hiding, overused, too_busy
from jackfield.isolation.limits import CPU_WINDOW_SECONDS, WorkerLimits
from jackfield.isolation.processor_time import ProcessorTime
from jackfield.isolation.rates import Flow

SWAPPED_EVERY_SECONDS: Final = 10.0
"""How often PSS is read although little of it is resident: the rest may have been swapped out."""

KEPT_EVERY_SECONDS: Final = 5.0
"""How often its folders are counted although it has done and written little."""

COUNTING_SHARE: Final = 0.02
"""Of the time that is spent on counting the folders of one worker at most, however much it writes."""

MOST_HIDDEN: Final = 4
"""Files of one worker whose size cannot be seen; a library that was loaded and deleted is one. Each can be as large as
all that it may keep, so these are what it can keep beyond that."""

_WRITTEN_SHARE: Final = 0.1  # of the quota; so much more written, and the folders are counted at once
_CPU_SECONDS_BETWEEN: Final = 0.05  # of a processor: a thousand files are made in it, or 100 MiB filled by mapping


@dataclass(slots=True)
class Watched:
    """What is known of one worker process. Belongs to the thread that looks.

    Args:
        plugin: whose it is.
        pid: the process.
        limits: what is in force; may be exchanged.
        folders: absolute paths of what it can write.
        flow: counts what it asks and sends; None: nobody counts.
        empty_bytes: its PSS before the plugin's code was loaded, for one that was not forked; None: as the zygote's.
        counted_at: when its files were counted last, on the clock of all looks.
        processor_time: that it uses, with what the plugin's process before it used.
    """

    plugin: str
    pid: int
    limits: WorkerLimits
    folders: Sequence[str] = ()
    flow: Flow | None = None
    empty_bytes: int | None = None
    counted_at: float = float("-inf")
    processor_time: ProcessorTime = field(default_factory=ProcessorTime)
    _measured_at: float = float("-inf")
    _counting_seconds: float = 0.0
    _counted_written: int = 0
    _cpu_seconds: float = 0.0
    _counted_cpu_seconds: float = 0.0

    def note_empty(self) -> None:
        """Take what the process uses now for what it uses without a plugin."""
        self.empty_bytes = measuring.pss_bytes(self.pid)

    def look(self, now: float, empty_bytes: int) -> Breach | None:
        """Return the first limit that the process has broken, but for those on its files; None also when it is gone.

        Args:
            now: the time, on the clock of all looks.
            empty_bytes: the PSS of a worker without a plugin, such as the zygote's.
        """
        used = measuring.usage(self.pid)
        if used is None:
            return None
        self._cpu_seconds = used.cpu_seconds
        if used.threads > self.limits.threads:
            return overused(self.plugin, "threads", used.threads, self.limits)
        return (
            self._memory(now, used.resident_bytes, empty_bytes)
            or self._descriptors()
            or self._processor(now, used.cpu_seconds)
            or self._flow(now)
        )

    def count(self, now: float) -> Breach | None:
        """Return the limit on its files that it has broken; they are counted when it is time to.

        Args:
            now: the time, on the clock of all looks.
        """
        if not self.folders or not self._is_to_count(now):
            return None
        limits = self.limits
        self._counted_cpu_seconds = self._cpu_seconds
        self._counted_written = measuring.written_bytes(self.pid) or 0
        kept = measuring.kept(self.folders, most_bytes=limits.data_bytes, most_files=limits.data_files)
        self.counted_at, self._counting_seconds = now, kept.seconds
        if kept.files > limits.data_files:
            return overused(self.plugin, "files", kept.files, limits)
        size_bytes = kept.size_bytes + measuring.deleted_bytes(self.pid)
        if size_bytes > limits.data_bytes:
            return overused(self.plugin, "data", size_bytes, limits)
        hidden = measuring.hidden_files(self.pid, self.folders)
        return hiding(self.plugin, hidden) if hidden > MOST_HIDDEN else None

    def out_of_memory(self) -> Breach:
        """Return the breach of a process that the kernel has killed because its memory was used up."""
        return overused(self.plugin, "memory", self.limits.memory_bytes + 1, self.limits)

    def _memory(self, now: float, resident_bytes: int, empty_bytes: int) -> Breach | None:
        if resident_bytes <= self.limits.memory_bytes and now - self._measured_at < SWAPPED_EVERY_SECONDS:
            return None
        self._measured_at = now
        pss = measuring.pss_bytes(self.pid)
        own_empty_bytes = empty_bytes if self.empty_bytes is None else self.empty_bytes
        used = (resident_bytes if pss is None else pss) - own_empty_bytes
        return overused(self.plugin, "memory", used, self.limits) if used > self.limits.memory_bytes else None

    def _descriptors(self) -> Breach | None:
        count = measuring.descriptors(self.pid)
        if count is None or count <= self.limits.descriptors:
            return None
        return overused(self.plugin, "descriptors", count, self.limits)

    def _processor(self, now: float, cpu_seconds: float) -> Breach | None:
        used = self.processor_time.note(now, cpu_seconds)
        return too_busy(self.plugin, used, self.limits) if used > self.limits.cpu_share * CPU_WINDOW_SECONDS else None

    def _flow(self, now: float) -> Breach | None:
        return self.flow.breach(self.plugin, self.limits, now) if self.flow is not None else None

    def _is_to_count(self, now: float) -> bool:
        since = now - self.counted_at
        if since * COUNTING_SHARE < self._counting_seconds:
            return False
        if since >= KEPT_EVERY_SECONDS or self._cpu_seconds - self._counted_cpu_seconds > _CPU_SECONDS_BETWEEN:
            return True  # files can also be made empty, or mapped, which counts nowhere as written
        written = measuring.written_bytes(self.pid)
        return written is not None and written - self._counted_written > self.limits.data_bytes * _WRITTEN_SHARE
