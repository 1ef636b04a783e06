"""Triggers that tell web servers of accounts and API keys whose rights have changed.

Web servers answer from memory for up to 5 s. A notification makes them drop what depends on a subject. It is
sent by triggers, so that the admin, commands and SQL send it, too. Only what takes a right away or changes an
answer is told: a new row, the time of a key's last use and the name of an account are not."""

from django.db import migrations

# A session that commits many changes tells of a hundred, and then of everything: the queue of Postgres is
# bounded, and so are the memories. Settings that are local to the transaction hold the count and the last subject.
# The message of level INFO goes to the session's own client, whatever its client_min_messages are: a web server
# drops what it has changed itself before it answers. Its SQLSTATE is known to config/database_connection.py.
TELL = """
CREATE FUNCTION progimage_tell(subject text) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    told integer := coalesce(nullif(current_setting('progimage.told', true), ''), '0')::integer;
BEGIN
    IF told > 100 OR current_setting('progimage.last_told', true) = subject THEN
        RETURN;
    END IF;
    IF told = 100 THEN
        subject := '*';
    END IF;
    PERFORM set_config('progimage.told', (told + 1)::text, true);
    PERFORM set_config('progimage.last_told', subject, true);
    PERFORM pg_notify('progimage_changes', subject);
    RAISE INFO 'web servers are told of a change' USING DETAIL = subject, ERRCODE = 'PIMG1';
END $$;

CREATE FUNCTION progimage_tell_everything() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM progimage_tell('*');
    RETURN NULL;
END $$;
"""
NO_TELL = """
DROP FUNCTION progimage_tell_everything();
DROP FUNCTION progimage_tell(text);
"""
ACCOUNTS = """
CREATE FUNCTION progimage_account_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM progimage_tell('account:' || OLD.id);
    RETURN NULL;
END $$;

CREATE TRIGGER tell_changed AFTER UPDATE OF is_active ON accounts_account
FOR EACH ROW WHEN (OLD.is_active IS DISTINCT FROM NEW.is_active)
EXECUTE FUNCTION progimage_account_changed();

CREATE TRIGGER tell_deleted AFTER DELETE ON accounts_account
FOR EACH ROW EXECUTE FUNCTION progimage_account_changed();

CREATE TRIGGER tell_truncated AFTER TRUNCATE ON accounts_account
FOR EACH STATEMENT EXECUTE FUNCTION progimage_tell_everything();
"""
NO_ACCOUNTS = """
DROP TRIGGER tell_changed ON accounts_account;
DROP TRIGGER tell_deleted ON accounts_account;
DROP TRIGGER tell_truncated ON accounts_account;
DROP FUNCTION progimage_account_changed();
"""
KEYS = """
CREATE FUNCTION progimage_key_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM progimage_tell('key:' || OLD.prefix);
    RETURN NULL;
END $$;

CREATE TRIGGER tell_changed
AFTER UPDATE OF account_id, prefix, secret_sha256, signing_secret, scopes, expires_at, revoked_at
ON accounts_apikey FOR EACH ROW WHEN (
    (OLD.account_id, OLD.prefix, OLD.secret_sha256, OLD.signing_secret, OLD.scopes, OLD.expires_at, OLD.revoked_at)
    IS DISTINCT FROM
    (NEW.account_id, NEW.prefix, NEW.secret_sha256, NEW.signing_secret, NEW.scopes, NEW.expires_at, NEW.revoked_at)
) EXECUTE FUNCTION progimage_key_changed();

CREATE TRIGGER tell_deleted AFTER DELETE ON accounts_apikey
FOR EACH ROW EXECUTE FUNCTION progimage_key_changed();

CREATE TRIGGER tell_truncated AFTER TRUNCATE ON accounts_apikey
FOR EACH STATEMENT EXECUTE FUNCTION progimage_tell_everything();
"""
NO_KEYS = """
DROP TRIGGER tell_changed ON accounts_apikey;
DROP TRIGGER tell_deleted ON accounts_apikey;
DROP TRIGGER tell_truncated ON accounts_apikey;
DROP FUNCTION progimage_key_changed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_known_logins"),
    ]

    operations = [
        migrations.RunSQL(TELL, NO_TELL),
        migrations.RunSQL(ACCOUNTS, NO_ACCOUNTS),
        migrations.RunSQL(KEYS, NO_KEYS),
    ]
