-- When a camera that pushes gave its last sign of life: a picture, a result, or a heartbeat.
create table lpr.camera_sign (
    camera_id text primary key,
    seen_at timestamptz not null
);
