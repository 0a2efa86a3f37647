-- name: session_viewer(token_hash, idle_seconds)^
-- Whose session it is, in one round trip: dead after its absolute or idle time (machine time); seen_at moves at most each minute.
WITH live AS (
    SELECT s.token_hash, s.office_id, s.person_id, o.config_version, s.seen_at < clock_timestamp() - interval '1 minute' AS touch
    FROM session AS s
    INNER JOIN person AS p ON p.office_id = s.office_id AND p.id = s.person_id AND p.active
    INNER JOIN office AS o ON o.id = s.office_id
    WHERE s.token_hash = :token_hash
        AND s.expires_at > clock_timestamp()
        AND s.seen_at > clock_timestamp() - make_interval(secs => :idle_seconds)
), touched AS (
    UPDATE session SET seen_at = clock_timestamp()
    FROM live WHERE session.token_hash = live.token_hash AND live.touch
)
SELECT office_id, person_id, config_version FROM live;

-- name: token_viewer(token_hash)^
SELECT t.office_id, t.person_id, t.scopes, o.config_version
FROM api_token AS t
INNER JOIN person AS p ON p.office_id = t.office_id AND p.id = t.person_id AND p.active
INNER JOIN office AS o ON o.id = t.office_id
WHERE t.token_hash = :token_hash AND t.revoked_at IS NULL
    AND (t.expires_at IS NULL OR t.expires_at > clock_timestamp());

-- name: credentials(office_id, username)^
SELECT p.id, p.password_hash, o.config_version
FROM person AS p
INNER JOIN office AS o ON o.id = p.office_id
WHERE p.office_id = :office_id AND p.username = :username AND p.active;

-- name: password_hash(office_id, person_id)$
SELECT password_hash FROM person WHERE office_id = :office_id AND id = :person_id AND active;

-- name: one_at_a_time(pair_lock)!
-- Tries for one account from one address are counted one after the other, so that many at once get no more than their number.
SELECT pg_advisory_xact_lock(:pair_lock);

-- name: failures(account_key, address_key, window_seconds)^
WITH recent AS (
    SELECT account_key = :account_key AS own_account, address_key = :address_key AS own_address, at
    FROM signin_failure
    WHERE (account_key = :account_key OR address_key = :address_key)
        AND at > clock_timestamp() - make_interval(secs => :window_seconds)
)
SELECT
    count(*) FILTER (WHERE own_account AND own_address) AS pair,
    coalesce(extract(epoch FROM clock_timestamp() - max(at) FILTER (WHERE own_account AND own_address)), 0)::float8 AS pair_age,
    count(*) FILTER (WHERE own_address) AS address,
    coalesce(extract(epoch FROM clock_timestamp() - max(at) FILTER (WHERE own_address)), 0)::float8 AS address_age,
    count(*) FILTER (WHERE own_account) AS account
FROM recent;

-- name: count_try(account_key, address_key)!
-- Every try counts as a failure until it has succeeded.
INSERT INTO signin_failure (account_key, address_key) VALUES (:account_key, :address_key);

-- name: raise_attack_alarm(office_id, key)!
INSERT INTO alarm (office_id, key, what) VALUES (:office_id, :key, 'password_guessing')
ON CONFLICT (office_id, key) WHERE cleared_at IS NULL DO NOTHING;

-- name: open_session(token_hash, old_hash, office_id, person_id, lifetime_seconds, account_key, address_key)!
-- A new session in place of the one this browser had (its token is never taken over), and the tries that led to it are forgiven.
WITH replaced AS (
    DELETE FROM session WHERE token_hash = :old_hash
), forgiven AS (
    DELETE FROM signin_failure WHERE account_key = :account_key AND address_key = :address_key
)
INSERT INTO session (token_hash, office_id, person_id, expires_at)
VALUES (:token_hash, :office_id, :person_id, clock_timestamp() + make_interval(secs => :lifetime_seconds));

-- name: close_session(token_hash)!
DELETE FROM session WHERE token_hash = :token_hash;

-- name: renew_hash(office_id, person_id, password_hash)!
UPDATE person SET password_hash = :password_hash WHERE office_id = :office_id AND id = :person_id;

-- name: set_password(office_id, username, password_hash)$
-- A new password ends every session and token of the person.
WITH changed AS (
    UPDATE person SET password_hash = :password_hash WHERE office_id = :office_id AND username = :username RETURNING office_id, id
), ended AS (
    DELETE FROM session USING changed WHERE session.office_id = changed.office_id AND session.person_id = changed.id
), revoked AS (
    UPDATE api_token SET revoked_at = clock_timestamp()
    FROM changed
    WHERE api_token.office_id = changed.office_id AND api_token.person_id = changed.id AND api_token.revoked_at IS NULL
)
SELECT id FROM changed;

-- name: clean_up(idle_seconds, window_seconds)!
-- Dead sessions and forgotten failures; run by upkeep.
WITH sessions AS (
    DELETE FROM session
    WHERE expires_at < clock_timestamp() OR seen_at < clock_timestamp() - make_interval(secs => :idle_seconds)
)
DELETE FROM signin_failure WHERE at < clock_timestamp() - make_interval(secs => :window_seconds);

-- name: add_token(token_hash, office_id, person_id, name, scopes, expires_at)^
INSERT INTO api_token (token_hash, office_id, person_id, name, scopes, expires_at)
VALUES (:token_hash, :office_id, :person_id, :name, :scopes, :expires_at)
RETURNING encode(substring(token_hash FROM 1 FOR 8), 'hex') AS id, name, scopes, created_at, expires_at, revoked_at;

-- name: tokens_of(office_id, person_id)
SELECT encode(substring(token_hash FROM 1 FOR 8), 'hex') AS id, name, scopes, created_at, expires_at, revoked_at
FROM api_token
WHERE office_id = :office_id AND person_id = :person_id
ORDER BY created_at DESC, id
LIMIT 200;

-- name: revoke_token(office_id, person_id, token_id)$
-- The person's own token with this id; a second revocation changes nothing and is no error.
UPDATE api_token SET revoked_at = coalesce(revoked_at, clock_timestamp())
WHERE office_id = :office_id AND person_id = :person_id AND encode(substring(token_hash FROM 1 FOR 8), 'hex') = :token_id
RETURNING true;

-- name: add_person(office_id, username, name, email, role, unit_id, language, sees_confidential, password_hash)$
INSERT INTO person (office_id, id, username, name, email, role, unit_id, language, sees_confidential, password_hash)
SELECT :office_id, coalesce(max(id), 0) + 1, :username, :name, :email, :role, :unit_id, :language, :sees_confidential, :password_hash
FROM person WHERE office_id = :office_id
RETURNING id;

-- name: add_person_unit(office_id, person_id, unit_id, leads)!
INSERT INTO person_unit (office_id, person_id, unit_id, leads) VALUES (:office_id, :person_id, :unit_id, :leads);

-- name: machine_time()$
SELECT clock_timestamp();
