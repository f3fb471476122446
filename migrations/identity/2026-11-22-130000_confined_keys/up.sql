-- A key may be confined, when it is made: it sends telemetry, for these customers (empty: for all that its account may) and from
-- this source, and does nothing else.
alter table api_keys add column customer_ids uuid[] not null default '{}';
alter table api_keys add column source text;
