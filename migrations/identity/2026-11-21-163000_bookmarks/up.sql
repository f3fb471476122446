-- Bookmarks: a person's own in a tenant, seen by nobody else. They go with the membership.
create table bookmarks (
    tenant_id uuid not null,
    id uuid not null,
    version bigint not null,
    user_id uuid not null,
    title text not null,
    url text not null,
    -- Where it stands; two that were made at the same moment stand side by side, the older id first.
    place integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint bookmarks_pkey primary key (tenant_id, id),
    constraint bookmarks_user_id_fkey foreign key (tenant_id, user_id) references members (tenant_id, user_id) on delete cascade
);
create index bookmarks_place_idx on bookmarks (tenant_id, user_id, place, id);
select wall('bookmarks');
