-- A task's history keeps notes as well, which change no status.
alter table status_changes add column kind text not null default 'STATUS',
    add constraint status_changes_kind_check check (kind in ('STATUS', 'NOTE')),
    add constraint status_changes_note_check check (kind <> 'NOTE' or note is not null);
