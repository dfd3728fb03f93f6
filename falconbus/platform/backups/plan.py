"""The settings of backups, as the parts of this room take them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from config import Settings
from falconbus.platform.backups import retention, status
from falconbus.platform.backups.errors import BackupFailed
from falconbus.platform.backups.manifest import Manifest
from falconbus.platform.backups.progress import Say
from falconbus.platform.backups.repository import Repository
from falconbus.platform.backups.retention import Rule
from falconbus.platform.backups.signing import FILE
from falconbus.platform.backups.source import Source, find_source
from falconbus.platform.backups.taking import Taking
from falconbus.platform.backups.verifying import verify
from falconbus.platform.runtime.data_location import find_data_location
from falconbus.platform.runtime.paths import DataFolder


@dataclass(frozen=True)
class Plan:
    """What is backed up, where to, and by which rule."""

    settings: Settings
    takes_unsealed: bool = False

    @cached_property
    def data(self) -> DataFolder:
        data = DataFolder(self.settings.data_dir)
        data.make()
        return data

    @cached_property
    def source(self) -> Source:
        return find_source(self.settings)

    @cached_property
    def repository(self) -> Repository:
        return Repository(
            self.settings.backup_dir, self.settings.backup_key, self.data.run, takes_unsealed=self.takes_unsealed
        )

    @property
    def rule(self) -> Rule:
        each = self.settings
        return Rule(each.backup_daily, each.backup_weekly, each.backup_monthly, each.backup_wal_days)

    @property
    def failure(self) -> Path:
        """Return the file that says why the last backup failed."""
        return self.data.root / "backup-failure.json"

    @property
    def caution(self) -> str:
        """Return what a lost machine would take with it in spite of the backups; empty when nothing."""
        if self.settings.backup_dir.is_relative_to(self.settings.data_dir.resolve()):
            return "BACKUP_DIR is in the data folder, and goes with it: set it to another disk, or a mounted bucket"
        kept_key = self.settings.data_dir / FILE
        if not self.settings.backup_key and kept_key.exists():
            return (
                "backups that are not sealed bear no secret_key, without which every link that was mailed ends:"
                f" set BACKUP_KEY, or keep a copy of {kept_key}"
            )
        return ""

    def take(self, why: str, say: Say, kind: str | None = None) -> Manifest:
        """Take a backup; that it failed is noted for health and dashboard. BackupFailed."""
        try:
            taken = Taking(
                self.source, self.repository, self.settings.release, why, self.data.root, self.settings.secret_key, say
            ).take(kind)
        except BackupFailed as fault:
            status.note_failure(self.failure, str(fault))
            raise
        status.forget_failure(self.failure)
        return taken

    def verify(self, name: str, say: Say) -> Manifest:
        """Verify a backup in a place of its own. BackupFailed."""
        return verify(self.repository, name, find_data_location(self.data, "scratch"), say)

    def take_nightly(self, say: Say) -> Manifest:
        """Take a backup, verify it, and remove what the rule does not keep any more. BackupFailed."""
        taken = self.take("nightly", say)
        try:
            self.verify(taken.name, say)
        except BackupFailed as fault:
            status.note_failure(self.failure, f"{taken.name} was taken, and is not good: {fault}")
            raise
        gone = retention.prune(self.repository, taken, self.rule)
        if gone:
            say(f"removed {', '.join(gone)}")
        return taken
