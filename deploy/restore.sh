#!/bin/sh
# Puts a backup into the Postgres of CAIRN_DATABASE_URL, over whatever is there. Nothing of Cairn may run meanwhile.
#
#   cairn servers run --data .cairn -- deploy/restore.sh cairn.dump     into the folder of `make up`
set -eu
dump=$1
cairn=${CAIRN:-$(dirname "$0")/../target/release/cairn}

# The roles first: they belong to the server, so they are not in the dump, but tables and policies name them.
"$cairn" migrate
psql --quiet --set=ON_ERROR_STOP=1 "$CAIRN_DATABASE_URL" <<'SQL'
set client_min_messages = warning;
drop schema identity, catalog, adoption, telemetry, workflow, helpdesk cascade;
SQL
pg_restore --single-transaction --dbname "$CAIRN_DATABASE_URL" "$dump"
# What the backup's broker still held is not here. So the events before the backup go out once more; each consumer
# knows by its inbox which of them it has dealt with.
psql --quiet --set=ON_ERROR_STOP=1 "$CAIRN_DATABASE_URL" <<'SQL'
do $$
declare
    service text;
begin
    foreach service in array array['identity', 'catalog', 'adoption', 'telemetry', 'workflow', 'helpdesk'] loop
        execute format('update %1$I.events set published_at = null
            where recorded_at > (select max(recorded_at) - interval ''1 day'' from %1$I.events)', service);
    end loop;
end $$;
SQL
