-- Files that are to be imported: what each would do, until it is done or forgotten after a day.
create table imports (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    -- Who uploaded it: nobody else sees it.
    user_id uuid not null,
    session_id uuid not null,
    is_client boolean not null,
    client_address text,
    -- What they may do, as it was when they last said what should be done.
    authority jsonb not null,
    status text not null,
    format text not null,
    sheet text, -- of a CSV
    delete_missing boolean not null,
    file bytea, -- until nothing more is to be done with it
    -- What it is for: named by the caller, or found by the name in the file. None until then, or when it is to be made.
    owner_named boolean not null,
    owner_kind text,
    owner_id uuid,
    owner_name text,
    counts jsonb not null,
    unchanged integer not null,
    errors integer not null,
    warnings integer not null,
    digest text, -- of the changes that were shown: they are made as they were shown, or not at all
    done integer not null,
    problem jsonb, -- why it could not be read or made
    created_at timestamptz not null,
    updated_at timestamptz not null,
    expires_at timestamptz not null,
    constraint imports_pkey primary key (tenant_id, id),
    constraint imports_status_check check (status in ('READING', 'FAULTY', 'READY', 'APPLYING', 'DONE', 'FAILED')),
    constraint imports_format_check check (format in ('xlsx', 'json', 'csv')),
    constraint imports_owner_kind_check check (owner_kind in ('PRODUCT', 'SOLUTION'))
);
select wall('imports');

-- What an import would do and what is wrong with its file, line by line as HTTP shows it.
create table import_lines (
    tenant_id uuid not null,
    import_id uuid not null,
    kind text not null,
    position integer not null,
    body text not null, -- JSON; jsonb has no NUL, and a faulty cell may
    constraint import_lines_pkey primary key (tenant_id, import_id, kind, position),
    constraint import_lines_kind_check check (kind in ('CHANGE', 'FAULT')),
    constraint import_lines_import_id_fkey foreign key (tenant_id, import_id) references imports (tenant_id, id)
        on delete cascade
);
select wall('import_lines');
