"""What all settings classes have in common, and how a secret is read from a file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr


class Section(BaseModel):
    """A section of `config.toml`. Unknown keys are errors: a misspelt setting must not be silently without effect."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def secret_from(value: SecretStr | None, file: Path | None, name: str) -> SecretStr | None:
    """The secret given directly or as the content of `<name>_file`. Raises ValueError when both or an unreadable file.

    White space around the file's content is removed, as editors end files with a newline.
    """
    if file is None:
        return value
    if value is not None:
        raise ValueError(f"give either {name} or {name}_file, not both")
    try:
        content = file.expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ValueError(f"{name}_file cannot be read: {file}: {reason}") from error
    if not content:
        raise ValueError(f"{name}_file is empty: {file}")
    return SecretStr(content)
