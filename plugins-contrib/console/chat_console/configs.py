"""`load_config_simple` and `save_config_simple`: a script's configuration, with defaults for what is missing (U15)."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

from chat_console.serializing import Serializable, deserialize, serialize
from chat_console.yaml_text import read_yaml, write_yaml


class ConfigError(ValueError):
    """A configuration that cannot be read; the sentence names the file."""


def load_config(
    path: Path,
    default: Mapping[str, Any] | None,
    target_class: Any,
    *,
    encoding: str,
    file_format: str | None,
    failure_policy: Literal["regen", "raise"],
    data_processor: Callable[[Any], bool] | None,
    log: Callable[[str], None],
) -> Any:
    """Read a configuration; what is missing is filled in, and the file written again.

    Args:
        path: the file; `.yml` and `.yaml` are YAML, all others JSON.
        default: what is taken where the file says nothing; None: the defaults of `target_class`.
        target_class: a `Serializable` that is returned instead of a mapping; or a pydantic model.
        encoding: of the file.
        file_format: "json" or "yaml", whatever the name says.
        failure_policy: write the defaults over a file that cannot be read, or raise.
        data_processor: may change what was read; True has it saved.
        log: told what was done.

    Raises:
        ConfigError: the file cannot be read, and the policy is to raise; or there is neither file nor default.
    """
    form = file_format or ("yaml" if path.suffix in (".yml", ".yaml") else "json")
    defaults = _defaults(default, target_class)
    imperfect = False
    try:
        data, imperfect = _read(path, form, encoding, data_processor)
    except FileNotFoundError as error:
        if defaults is None:
            raise ConfigError(f"{path.name} is missing, and there is no default") from error
        log(f"{path.name} is missing, the default is written")
        data, imperfect = deepcopy(defaults), True
    except (ValueError, OSError) as error:
        if failure_policy == "raise" or defaults is None:
            raise ConfigError(f"{path.name} cannot be read: {error}") from error
        log(f"{path.name} cannot be read, the default is written: {error}")
        data, imperfect = deepcopy(defaults), True
    for key, value in (defaults or {}).items():
        if isinstance(data, dict) and key not in data:
            log(f"{path.name} lacks {key}: {value!r} is taken")
            data[key], imperfect = deepcopy(value), True
    try:
        result = _made(data, target_class)
    except (ValueError, TypeError) as error:
        if failure_policy == "raise" or defaults is None:
            raise ConfigError(f"{path.name} cannot be used: {error}") from error
        log(f"{path.name} cannot be used, the default is written: {error}")
        data, imperfect = deepcopy(defaults), True
        result = _made(data, target_class)
    if imperfect:
        save_config(path, data, encoding=encoding, file_format=form)
    return result


def save_config(path: Path, config: Any, *, encoding: str, file_format: str | None) -> None:
    """Write a configuration; the file is whole or as before.

    Args:
        path: the file.
        config: a mapping, a `Serializable` or a pydantic model.
        encoding: of the file.
        file_format: "json" or "yaml", whatever the name says.
    """
    form = file_format or ("yaml" if path.suffix in (".yml", ".yaml") else "json")
    plain = config.model_dump(mode="json") if hasattr(config, "model_dump") else serialize(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = write_yaml(plain) if form == "yaml" else json.dumps(plain, indent=4, ensure_ascii=False)
    replacement = path.with_name(path.name + ".new")
    replacement.write_text(text, encoding=encoding)
    replacement.replace(path)


def _defaults(default: Mapping[str, Any] | None, target_class: Any) -> dict[str, Any] | None:
    if default is not None:
        return dict(default)
    if isinstance(target_class, type) and issubclass(target_class, Serializable):
        return target_class.get_default().serialize()
    if hasattr(target_class, "model_validate"):
        return target_class().model_dump(mode="json")
    return None


def _read(path: Path, form: str, encoding: str, process: Callable[[Any], bool] | None) -> tuple[Any, bool]:
    text = path.read_text(encoding=encoding)
    data = read_yaml(text) if form == "yaml" else json.loads(text)
    return data, bool(process(data)) if process is not None else False


def _made(data: Any, target_class: Any) -> Any:
    if target_class is None:
        return data
    if hasattr(target_class, "model_validate"):
        return target_class.model_validate(data)
    return deserialize(data, target_class)
