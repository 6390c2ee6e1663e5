"""A plugin's settings as data: what the command line, a form and a room show of them; of a secret never the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jackfield.manifest import SettingContribution
from jackfield.storage import Settings, default_of, setting_as_text, setting_from_text


@dataclass(frozen=True, slots=True)
class SettingReport:
    """One setting.

    Args:
        setting: as the manifest declares it.
        value: what holds now; None of a secret.
        is_set: whether the user set it; else the default holds.
    """

    setting: SettingContribution
    value: Any
    is_set: bool

    @property
    def text(self) -> str:
        """The value as `read` reads it; of a secret nothing."""
        return setting_as_text(self.setting, self.value)

    def read(self, text: str) -> Any:
        """Return the value that somebody typed for it.

        Raises:
            UsageError: it does not fit; the sentence names the setting and what would.
        """
        return setting_from_text(self.setting, text)

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        setting = self.setting
        return {
            "key": setting.key,
            "type": setting.type,
            "label": setting.title,
            "description": setting.description,
            "expected": setting.expected,
            "value": self.value,
            "default": None if setting.secret else default_of(setting),
            "set": self.is_set,
            "secret": setting.secret,
            "minimum": setting.minimum,
            "maximum": setting.maximum,
            "choices": list(setting.choices),
        }


@dataclass(frozen=True, slots=True)
class SettingsReport:
    """The settings of one plugin.

    Args:
        plugin: its id.
        settings: one for each that its manifest declares.
        file: the path of its `settings.toml`, which may not be there yet.
        problems: what is wrong in that file, a sentence each.
    """

    plugin: str
    settings: tuple[SettingReport, ...]
    file: str
    problems: tuple[str, ...]

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "plugin": self.plugin,
            "settings": [one.to_mapping() for one in self.settings],
            "file": self.file,
            "problems": list(self.problems),
        }


def describe_settings(settings: Settings) -> SettingsReport:
    """Return what there is to set, what is set, and what is wrong in the file."""
    rows = tuple(
        SettingReport(one, None if one.secret else settings.get(one.key), settings.is_set(one.key))
        for one in settings.declared
    )
    return SettingsReport(settings.plugin, rows, str(settings.file or ""), settings.problems)
