-- Invitations, links that count once, and the letters that carry them.
create table invitations (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    email text not null,
    email_folded text not null generated always as (lower(email)) stored,
    name text,
    job_title text,
    roles text[] not null,
    status text not null,
    invited_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    expires_at timestamptz not null,
    constraint invitations_pkey primary key (tenant_id, id),
    constraint invitations_status_check check (status in ('PENDING', 'ACCEPTED', 'WITHDRAWN'))
);
create unique index invitations_pending_key on invitations (tenant_id, email_folded) where status = 'PENDING';
select wall('invitations');

-- Global: whoever follows a link is not signed in yet. Only its hash is kept.
create table one_time_links (
    token_hash bytea not null,
    purpose text not null,
    user_id uuid,
    tenant_id uuid,
    invitation_id uuid,
    email text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint one_time_links_pkey primary key (token_hash),
    constraint one_time_links_purpose_check check (purpose in ('INVITATION', 'PASSWORD_RESET', 'EMAIL_VERIFICATION')),
    constraint one_time_links_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
create index one_time_links_user_id_idx on one_time_links (user_id);
create index one_time_links_expires_at_idx on one_time_links (expires_at);

-- Letters that wait to be written and sent: whom they are for, never what they say.
create table letters (
    id uuid not null,
    kind text not null,
    tenant_id uuid,
    invitation_id uuid,
    user_id uuid,
    address text,
    created_at timestamptz not null,
    due_at timestamptz not null,
    attempts integer not null,
    last_error text,
    constraint letters_pkey primary key (id),
    constraint letters_kind_check check (kind in ('INVITATION', 'PASSWORD_RESET', 'EMAIL_VERIFICATION', 'ALREADY_REGISTERED', 'NOTICE')),
    constraint letters_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
create index letters_due_at_idx on letters (due_at);
create index letters_user_id_idx on letters (user_id);
grant select, insert, update, delete on one_time_links, letters to identity_app;
