-- Which payment a driver's page asked for: once it is paid, that page may also show where the car stands.
alter table parking.lookup add column payment_number text;
