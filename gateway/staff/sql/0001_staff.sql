-- People, their roles, sessions and script tokens. Secrets are kept as hashes only.
create schema if not exists staff;

create table staff.person (
    id uuid primary key,
    login text not null check (login = lower(login) and login ~ '^[a-z0-9][a-z0-9._-]{1,31}$'),
    name text not null check (name <> ''),
    roles text[] not null check (
        cardinality(roles) > 0 and roles <@ array['attendant', 'manager', 'commander', 'crew', 'storekeeper',
                                                  'evaluator', 'auditor']),
    password_hash text not null,
    is_active boolean not null default true,
    created_at timestamptz not null
);
create unique index person_login on staff.person (login);

create table staff.session (
    secret_hash bytea primary key,
    person_id uuid not null references staff.person (id) on delete cascade,
    created_at timestamptz not null,
    seen_at timestamptz not null,
    ends_at timestamptz not null,
    address text not null
);
create index session_person on staff.session (person_id);

create table staff.token (
    id uuid primary key,
    secret_hash bytea not null unique,
    name text not null,
    roles text[] not null,
    created_at timestamptz not null,
    created_by text not null,
    revoked_at timestamptz
);

create table staff.sign_in_failure (
    id bigint generated always as identity primary key,
    login text not null,
    address text not null,
    at timestamptz not null
);
create index sign_in_failure_recent on staff.sign_in_failure (login, at);

create view report.person as select id, login, name, roles from staff.person where is_active;
