-- What a cluster needs before the migrations: the application's role, held by row-level security, and the database.
-- Run with psql by whoever made the cluster; running it again changes nothing. The embedded server runs it at every start.
-- On a server of your own give the role a password afterwards: ALTER ROLE complaints_app PASSWORD '...'.

SELECT 'CREATE ROLE complaints_app LOGIN NOSUPERUSER NOBYPASSRLS'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'complaints_app') \gexec

SELECT 'CREATE DATABASE complaints'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'complaints') \gexec
