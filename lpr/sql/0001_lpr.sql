-- Plate reads, pictures that cameras pushed, and what attendants corrected.
create schema if not exists lpr;

create table lpr.plate_read (
    id uuid primary key,
    camera_id text not null,
    lane_id text not null,
    direction text not null check (direction in ('in', 'out')),
    text text not null,
    raw_text text not null,
    kind text not null check (kind in ('blue', 'green', 'yellow1', 'yellow2', 'white', 'black', 'other')),
    confidence real not null check (confidence between 0 and 1),
    char_confidence real[] not null,
    accepted boolean not null,
    looks integer not null check (looks >= 0),
    corrects uuid,
    origin text not null check (origin in ('reader', 'hikvision', 'dahua', 'vzenith', 'plain')),
    picture_path text,
    box integer[],
    seen_at timestamptz not null,
    published_at timestamptz not null,
    check (not accepted or text <> '')
);
create index plate_read_seen on lpr.plate_read (seen_at);
create index plate_read_camera on lpr.plate_read (camera_id, seen_at);

-- A picture handed in over HTTP, until the reading process has taken it.
create table lpr.pushed_picture (
    id uuid primary key,
    camera_id text not null,
    received_at timestamptz not null,
    name text not null,
    picture bytea not null,
    claim jsonb
);
create index pushed_picture_camera on lpr.pushed_picture (camera_id, received_at);

create table lpr.correction (
    read_id uuid primary key references lpr.plate_read (id),
    text text not null,
    kind text not null,
    corrected_by text not null,
    corrected_at timestamptz not null,
    exported_at timestamptz
);

-- One night's measurement on the corrected pictures.
create table lpr.evaluation (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    images integer not null,
    exact real,
    result jsonb not null
);

create view report.plate_read as
select r.id, r.camera_id, r.lane_id, r.direction, r.kind, r.confidence, r.accepted, r.looks, r.origin,
       r.text, c.text as corrected_text, r.seen_at, r.published_at
from lpr.plate_read r left join lpr.correction c on c.read_id = r.id;

create view report.plate_reading_day as
select (r.seen_at at time zone 'Asia/Shanghai')::date as day,
       count(*) as reads,
       count(*) filter (where r.accepted) as accepted,
       count(*) filter (where r.text = '') as unread,
       count(c.read_id) as corrected
from lpr.plate_read r left join lpr.correction c on c.read_id = r.id
where r.corrects is null
group by 1;

create view report.plate_evaluation as
select at, images, exact from lpr.evaluation;
