-- Cars that the demonstration made up: whatever is kept of them is flagged as simulated.
create table parking.simulated_car (
    plate text primary key,
    plate_kind text not null
);
