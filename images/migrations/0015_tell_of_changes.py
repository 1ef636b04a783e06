"""Triggers that tell web servers of images whose answers have changed: see accounts 0005.

An upload is not told: nobody could read the image before it was ready. Only the image that it succeeds has
another answer then, which names the successor. Renditions that become ready are not told, nor are counts of
hits. A change of a column of these triggers' lists needs the trigger dropped first."""

from django.db import migrations

IMAGES = """
CREATE FUNCTION progimage_image_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    predecessor uuid;
BEGIN
    IF OLD.state <> 'pending' THEN
        PERFORM progimage_tell('image:' || OLD.id);
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state <> NEW.state THEN
        FOR predecessor IN SELECT id FROM images_image WHERE replaced_by_id = NEW.id LOOP
            PERFORM progimage_tell('image:' || predecessor);
        END LOOP;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER tell_changed
AFTER UPDATE OF account_id, state, visibility, filename, format, width, height, frames, size_bytes, sha256,
    has_alpha, orientation, is_hdr, color_space, focal_x, focal_y, replaced_by_id
ON images_image FOR EACH ROW WHEN (
    (OLD.account_id, OLD.state, OLD.visibility, OLD.filename, OLD.format, OLD.width, OLD.height, OLD.frames,
     OLD.size_bytes, OLD.sha256, OLD.has_alpha, OLD.orientation, OLD.is_hdr, OLD.color_space, OLD.focal_x,
     OLD.focal_y, OLD.replaced_by_id)
    IS DISTINCT FROM
    (NEW.account_id, NEW.state, NEW.visibility, NEW.filename, NEW.format, NEW.width, NEW.height, NEW.frames,
     NEW.size_bytes, NEW.sha256, NEW.has_alpha, NEW.orientation, NEW.is_hdr, NEW.color_space, NEW.focal_x,
     NEW.focal_y, NEW.replaced_by_id)
) EXECUTE FUNCTION progimage_image_changed();

CREATE TRIGGER tell_deleted AFTER DELETE ON images_image
FOR EACH ROW WHEN (OLD.state <> 'pending') EXECUTE FUNCTION progimage_image_changed();

CREATE TRIGGER tell_truncated AFTER TRUNCATE ON images_image
FOR EACH STATEMENT EXECUTE FUNCTION progimage_tell_everything();
"""
NO_IMAGES = """
DROP TRIGGER tell_changed ON images_image;
DROP TRIGGER tell_deleted ON images_image;
DROP TRIGGER tell_truncated ON images_image;
DROP FUNCTION progimage_image_changed();
"""
RENDITIONS = """
CREATE FUNCTION progimage_rendition_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM progimage_tell('image:' || OLD.image_id);
    RETURN NULL;
END $$;

CREATE TRIGGER tell_changed
AFTER UPDATE OF image_id, cache_key, others, format, state, width, height, frames, size_bytes, sha256
ON images_rendition FOR EACH ROW WHEN (
    OLD.state = 'ready' AND
    (OLD.image_id, OLD.cache_key, OLD.others, OLD.format, OLD.state, OLD.width, OLD.height, OLD.frames,
     OLD.size_bytes, OLD.sha256)
    IS DISTINCT FROM
    (NEW.image_id, NEW.cache_key, NEW.others, NEW.format, NEW.state, NEW.width, NEW.height, NEW.frames,
     NEW.size_bytes, NEW.sha256)
) EXECUTE FUNCTION progimage_rendition_changed();

CREATE TRIGGER tell_deleted AFTER DELETE ON images_rendition
FOR EACH ROW WHEN (OLD.state = 'ready') EXECUTE FUNCTION progimage_rendition_changed();

CREATE TRIGGER tell_truncated AFTER TRUNCATE ON images_rendition
FOR EACH STATEMENT EXECUTE FUNCTION progimage_tell_everything();
"""
NO_RENDITIONS = """
DROP TRIGGER tell_changed ON images_rendition;
DROP TRIGGER tell_deleted ON images_rendition;
DROP TRIGGER tell_truncated ON images_rendition;
DROP FUNCTION progimage_rendition_changed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_tell_of_changes"),
        ("images", "0014_index_of_waiting_renditions"),
    ]

    operations = [
        migrations.RunSQL(IMAGES, NO_IMAGES),
        migrations.RunSQL(RENDITIONS, NO_RENDITIONS),
    ]
