"""Changes `config.toml` and `secrets/*.toml` on a person's behalf: comments stay, secrets are never shown.

Needs the extra `editing` of migpt-shared.
"""

from migpt_shared.editing.config_file import ChangedMeanwhileError, ConfigFile, Shown
from migpt_shared.editing.places import MASK, Path, field_at, is_secret, secret_file_of

__all__ = ["MASK", "ChangedMeanwhileError", "ConfigFile", "Path", "Shown", "field_at", "is_secret", "secret_file_of"]
