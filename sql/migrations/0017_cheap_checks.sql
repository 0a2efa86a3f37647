-- What every filing pays for: plans of foreign keys that stay right on a new database, and checks that need no work before they check
-- depends: 0015_public

-- migrate: apply
-- From before the first release, when no table had many rows: keys and checks are made anew in the transaction.
-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid, adding-foreign-key-constraint, adding-serial-primary-key-field
-- Among indexes of equal estimated cost the planner takes the newest, and on a table that was never analysed all that begin with
-- office_id cost the same: the foreign keys' plans, made once a session, then walked ticket_received from end to end for each row
-- that was inserted (a quarter of the server's time at 7,500 tickets, and growing). The primary key is therefore the newest index
-- of this table: whoever adds another that begins with office_id makes the key anew after it (tests/service/test_filing_cost.py).
ALTER TABLE ticket DROP CONSTRAINT ticket_pkey CASCADE;
ALTER TABLE ticket ADD CONSTRAINT ticket_pkey PRIMARY KEY (office_id, id);

DO $$
DECLARE owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['ticket_event', 'complaint_text', 'reporter', 'message', 'deadline', 'sla_timer', 'rating', 'link', 'ticket_cookie'] LOOP
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I FOREIGN KEY (office_id, ticket_id) REFERENCES ticket (office_id, id)',
            owned, owned || '_office_id_ticket_id_fkey');
    END LOOP;
END $$;
ALTER TABLE ticket ADD CONSTRAINT ticket_office_id_merged_into_fkey FOREIGN KEY (office_id, merged_into) REFERENCES ticket (office_id, id);

-- A check is read and simplified anew in every statement: a list that is one constant costs a third of one that is put together.
ALTER TABLE ticket DROP CONSTRAINT ticket_status_check, ADD CONSTRAINT ticket_status_check CHECK (
    status = ANY ('{received,verified,in_progress,waiting_reporter,answered,closed,rejected,forwarded,merged,withdrawn}'::text[])
);
ALTER TABLE ticket DROP CONSTRAINT ticket_kind_check, ADD CONSTRAINT ticket_kind_check CHECK (
    kind = ANY ('{complaint,suggestion,information}'::text[])
);
ALTER TABLE ticket DROP CONSTRAINT ticket_channel_check, ADD CONSTRAINT ticket_channel_check CHECK (
    channel = ANY ('{web,whatsapp,kiosk,counter,phone,letter,social,email}'::text[])
);
ALTER TABLE ticket DROP CONSTRAINT ticket_privacy_check, ADD CONSTRAINT ticket_privacy_check CHECK (
    privacy = ANY ('{open,confidential,anonymous}'::text[])
);
ALTER TABLE ticket DROP CONSTRAINT ticket_language_check, ADD CONSTRAINT ticket_language_check CHECK (
    language = ANY ('{id,en}'::text[])
);
ALTER TABLE ticket DROP CONSTRAINT ticket_priority_check, ADD CONSTRAINT ticket_priority_check CHECK (
    priority = ANY ('{low,normal,high,urgent}'::text[])
);
ALTER TABLE deadline DROP CONSTRAINT deadline_target_check, ADD CONSTRAINT deadline_target_check CHECK (
    target = ANY ('{verify,answer,sign,reporter,closing}'::text[])
);
ALTER TABLE deadline DROP CONSTRAINT deadline_outcome_check, ADD CONSTRAINT deadline_outcome_check CHECK (
    outcome = ANY ('{met,called_off}'::text[])
);
ALTER TABLE sla_timer DROP CONSTRAINT sla_timer_state_check, ADD CONSTRAINT sla_timer_state_check CHECK (
    state = ANY ('{armed,fired,called_off}'::text[])
);
ALTER TABLE outbox DROP CONSTRAINT outbox_way_check, ADD CONSTRAINT outbox_way_check CHECK (
    way = ANY ('{email,whatsapp,webhook}'::text[])
);
ALTER TABLE outbox DROP CONSTRAINT outbox_state_check, ADD CONSTRAINT outbox_state_check CHECK (
    state = ANY ('{queued,sending,sent,cancelled,absorbed,dead}'::text[])
);
ALTER TABLE outbox DROP CONSTRAINT outbox_recipient_check, ADD CONSTRAINT outbox_recipient_check CHECK (
    recipient = ANY ('{person,reporter,chat,address}'::text[])
);

-- migrate: rollback
SELECT 1;
