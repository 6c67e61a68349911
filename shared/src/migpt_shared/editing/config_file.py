"""`config.toml` and `secrets/` as something that is read, checked and saved: whole, atomically, with a backup."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

import tomlkit

from migpt_shared.editing import document as toml
from migpt_shared.editing.places import Path, is_secret, secret_file_of
from migpt_shared.private_file import write_private
from migpt_shared.settings import Settings, SettingsError, load_settings

BACKUPS_KEPT = 10


class ChangedMeanwhileError(Exception):
    """Somebody else has changed the file since it was read."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The file's text with its secrets masked, and a mark of the state that it was read in."""

    text: str
    stamp: str


class ConfigFile:
    """One configuration. All methods block for a moment; nothing is written that would not load."""

    def __init__(self, config: FilePath) -> None:
        self._config = config.expanduser().absolute()

    def shown(self) -> Shown:
        """The text as a person may see it. Raises SettingsError."""
        text = self._read()
        document = toml.parsed(text, self._config.name)
        toml.masked(document)
        return Shown(tomlkit.dumps(document), _stamp(text))

    def check(self, text: str) -> Settings:
        """The settings that an edited text would give. Raises SettingsError with all problems."""
        return load_settings(self._config, {self._config: self._whole(text)})

    def save(self, edited: Shown) -> Settings:
        """Write an edited text. Raises SettingsError when it would not load, ChangedMeanwhileError, OSError."""
        if _stamp(self._read()) != edited.stamp:
            raise ChangedMeanwhileError(self._config.name)
        whole = self._whole(edited.text)
        settings = load_settings(self._config, {self._config: whole})
        self._write(whole)
        return settings

    def change(self, changes: Mapping[Path, object | None]) -> Settings:
        """Set some values and leave everything else as it is; None: back to the default, a whole section too.

        Secrets go to their file in `secrets/` and out of config.toml. Raises SettingsError when the result would not
        load, and OSError.
        """
        texts = {self._config: self._read()}
        documents = {self._config: toml.parsed(texts[self._config], self._config.name)}
        for path, value in changes.items():
            name = secret_file_of(path)
            if name is None:
                self._settle(documents[self._config], path, value)
                if value is None and not is_secret(path):
                    self._forget_secrets(documents, texts, path)
                continue
            file = self._secret_document(documents, texts, name)
            self._settle(documents[file], path, value)
            # One of them is enough, and both `api_key` and `api_key_file` are refused.
            toml.remove(documents[self._config], path)
            toml.remove(documents[self._config], (*path[:-1], f"{path[-1]}_file"))
        new = {file: tomlkit.dumps(document) for file, document in documents.items()}
        settings = load_settings(self._config, new)
        for file, text in new.items():
            if file != self._config and text != texts[file]:
                write_private(file, text)
        if new[self._config] != texts[self._config]:
            self._write(new[self._config])
        return settings

    def _settle(self, document: tomlkit.TOMLDocument, path: Path, value: object | None) -> None:
        if value is None:
            toml.remove(document, path)
        else:
            toml.put(document, path, value)

    def _forget_secrets(
        self, documents: dict[FilePath, tomlkit.TOMLDocument], texts: dict[FilePath, str], path: Path
    ) -> None:
        """A section that goes takes its secrets along."""
        for name in ("xiaomi.toml", "llm.toml", "home_assistant.toml", "console.toml"):
            if (self._config.parent / "secrets" / name).exists():
                toml.remove(documents[self._secret_document(documents, texts, name)], path)

    def _secret_document(
        self, documents: dict[FilePath, tomlkit.TOMLDocument], texts: dict[FilePath, str], name: str
    ) -> FilePath:
        file = self._config.parent / "secrets" / name
        if file not in documents:
            texts[file] = file.read_text(encoding="utf-8") if file.exists() else ""
            documents[file] = toml.parsed(texts[file], f"secrets/{name}")
        return file

    def _whole(self, text: str) -> str:
        document = toml.parsed(text, self._config.name)
        toml.unmasked(document, toml.parsed(self._read(), self._config.name).unwrap())
        return tomlkit.dumps(document)

    def _read(self) -> str:
        try:
            return self._config.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError([f"{self._config.name}: cannot be read: {error}"]) from error

    def _write(self, text: str) -> None:
        target = self._config.resolve()
        mode = 0o600
        if target.exists():
            mode = target.stat().st_mode & 0o777
            self._back_up(target)
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            draft.chmod(mode)
            draft.replace(target)
        except OSError as error:
            if error.errno not in (errno.EBUSY, errno.EXDEV):
                raise
            # A single file that is mounted into a container cannot be replaced, only written.
            target.write_text(text, encoding="utf-8")
        finally:
            draft.unlink(missing_ok=True)

    def _back_up(self, target: FilePath) -> None:
        folder = target.parent / "backups"
        folder.mkdir(exist_ok=True, mode=0o700)
        moment = time.strftime("%Y%m%d-%H%M%S")
        copy = folder / f"{target.stem}-{moment}-{time.time_ns() // 1000 % 1_000_000:06}.toml"
        shutil.copyfile(target, copy)
        copy.chmod(0o600)
        for old in sorted(folder.glob(f"{target.stem}-*.toml"))[:-BACKUPS_KEPT]:
            old.unlink(missing_ok=True)


def _stamp(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
