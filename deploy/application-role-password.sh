#!/bin/sh
# Run once by the postgres image after roles.sql: gives the application's role its password.
set -eu
psql -X -q -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v password="$(cat /run/secrets/application_password)" <<'SQL'
ALTER ROLE complaints_app PASSWORD :'password';
SQL
