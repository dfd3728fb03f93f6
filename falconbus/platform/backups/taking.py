"""Take a backup: which kind it is, what is noted of it, and that nothing half made stays."""

import shutil
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from falconbus.platform.backups import archive, base_backup, dumping, manifest, sealing, signing
from falconbus.platform.backups.errors import BackupFailed, one_line
from falconbus.platform.backups.manifest import DUMP, FULL, INCREMENTAL, Content, Manifest
from falconbus.platform.backups.progress import Say
from falconbus.platform.backups.repository import Repository
from falconbus.platform.backups.source import Source
from falconbus.platform.kit import clock

#: PostgreSQL keeps what incremental backups need for ten days (wal_summary_keep_time).
LONGEST_SINCE_FULL = timedelta(days=7)
_NO_SUMMARIES = "WAL summaries are required"
_FACTS = """
    SELECT current_setting('server_version'), current_setting('archive_mode') = 'on',
           pg_database_size(current_database()), system_identifier::text, current_database(), timeline_id,
           to_regclass('alembic_version') IS NOT NULL
    FROM pg_control_system(), pg_control_checkpoint()
"""


@dataclass(frozen=True)
class Facts:
    """What a server says of itself. `archives` when it puts its log aside for us."""

    server: str
    archives: bool
    database_bytes: int
    system: str
    database: str
    timeline: int
    migration: str

    @property
    def owner(self) -> str:
        return f"{self.system}/{self.database}"


@dataclass(frozen=True)
class Taking:
    """What is taken, for what reason, and by which release."""

    source: Source
    repository: Repository
    release: str
    why: str
    data: Path
    secret_key: str
    say: Say = field(default=lambda _line: None)

    def take(self, kind: str | None = None) -> Manifest:
        """Take a backup and return it; what was begun and failed is removed. BackupFailed.

        Without a kind: an incremental one when there is a full one of this week to add to, else a full one; a dump of a
        server that does not put its log aside for us.
        """
        with one_line(), self.repository.alone(f"taking a backup, {self.why}"):
            facts = find_facts(self.source)
            parent = self._parent(facts)
            chosen = kind or self._kind(facts, parent)
            self._check(chosen, facts, parent)
            try:
                return self._take(chosen, facts, parent)
            except BackupFailed as fault:
                if kind is not None or chosen != INCREMENTAL or _NO_SUMMARIES not in str(fault):
                    raise
                self.say("PostgreSQL does not know any more what has changed since: taking a full one")
                return self._take(FULL, facts, None)

    def _take(self, kind: str, facts: Facts, parent: Manifest | None) -> Manifest:
        begun_at, begun = clock.now(), time.monotonic()
        folder = self.repository.begin(kind, facts.owner)
        try:
            content = self._content(folder, kind, facts, parent)
            files = [*content.files, *signing.keep(self.repository, folder, self.data)]
            taken = Manifest(
                name=folder.name, owner=facts.owner, kind=kind, why=self.why, begun_at=begun_at, moment=content.moment,
                seconds=round(time.monotonic() - begun, 1), release=self.release, migration=facts.migration,
                server=facts.server, database_bytes=facts.database_bytes, files=files,
                key=sealing.key_name(self.repository.secret), signs_with=signing.name_of(self.secret_key),
                parent=parent.name if parent and kind == INCREMENTAL else None,
                log=content.log, next_transaction=content.next_transaction, counted_from=content.counted_from,
                tables=content.tables,
            )  # fmt: skip
            manifest.write(folder, taken, self.repository.secret)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return taken

    def _kind(self, facts: Facts, parent: Manifest | None) -> str:
        if not facts.archives:
            return DUMP
        return INCREMENTAL if parent else FULL

    def _check(self, kind: str, facts: Facts, parent: Manifest | None) -> None:
        if kind != DUMP and not facts.archives:
            raise BackupFailed("base backups are of the embedded server, with BACKUP_ENABLED: take a dump")
        if kind == INCREMENTAL and parent is None:
            raise BackupFailed("there is no full backup of the last seven days to add to: take a full one")

    def _parent(self, facts: Facts) -> Manifest | None:
        """Return the newest full backup of this life of the server, unless it is too old, or log is missing since."""
        if archive.note_of_gap(self.source):
            return None
        since = clock.now() - LONGEST_SINCE_FULL
        for each in reversed(self.repository.complete_of(facts.owner)):
            log = each.log if each.kind == FULL and each.begun_at > since else None
            if log and log.system == facts.system and archive.timeline(log.last) == facts.timeline:
                return each
        return None

    def _content(self, folder: Path, kind: str, facts: Facts, parent: Manifest | None) -> Content:
        if kind == DUMP:
            return dumping.dump(self.source, self.repository, folder, facts.database_bytes, self.say)
        base = base_backup.BaseBackup(self.source, self.repository, folder, facts.system, self.say)
        return base.copy(parent if kind == INCREMENTAL else None, facts.database_bytes)


def find_facts(source: Source) -> Facts:
    """Return what the server says of itself, and the migration that its tables have."""
    with source.connect() as connection:
        row = connection.execute(_FACTS).fetchone() or ("", False, 0, "", "", 1, False)
        server, archives, size, system, database, life, has_migrations = row
        migration = connection.execute("SELECT version_num FROM alembic_version").fetchone() if has_migrations else None
    archives_here = archives and source.location is not None
    return Facts(server, archives_here, size, system, database, life, migration[0] if migration else "")
