"""A million images in two accounts, and what is asked of them: the rare and the common, at the end of the
list, in one place or everywhere, and combinations that exclude each other."""

from typing import Any

IMAGES = 1_010_000
FIRST_MS, STEP_MS = 1_700_000_000_000, 20

# n counts the images from the oldest. Account 2 has every 101st, account 1 the others.
FILL_IMAGES = f"""
INSERT INTO images_image (id, account_id, state, visibility, filename, metadata, format, width, height,
    frames, size_bytes, sha256, has_alpha, orientation, created_at, ready_id)
SELECT (lpad(to_hex({FIRST_MS} + n * {STEP_MS}), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
        || substr(md5(n::text), 4, 15))::uuid,
    CASE WHEN n % 101 = 50 THEN 2 ELSE 1 END,
    CASE WHEN n % 50021 = 1 THEN 'deleted' ELSE 'ready' END,
    CASE WHEN n % 2000 = 7 THEN 'public' ELSE 'private' END,
    n || '.jpg',
    jsonb_build_object('shot', n, 'color', (ARRAY['red', 'green', 'blue', 'teal'])[1 + n % 4],
        'era', CASE WHEN n < 50000 THEN 'old' ELSE 'new' END, 'batch', n / 1000),
    CASE WHEN n < 300 THEN 'bmp' WHEN n BETWEEN 200000 AND 220000 THEN 'tiff' WHEN n % 10 = 0 THEN 'png'
        WHEN n % 37 = 0 THEN 'webp' ELSE 'jpeg' END,
    CASE WHEN n < 100 THEN 9000 WHEN n < 50000 THEN 7000 ELSE 400 + (n::bigint * 7919) % 5600 END,
    300 + (n::bigint * 104729) % 4000,
    1,
    CASE WHEN n < 500 THEN 24000000 ELSE 20000 + (n::bigint * 15485863) % 9000000 END,
    encode(sha256((CASE WHEN n % 1000 = 0 THEN 0 ELSE n END)::text::bytea), 'hex'),
    false,
    CASE WHEN n % 7 = 0 THEN 6 ELSE 1 END,
    to_timestamp(({FIRST_MS} + n * {STEP_MS}) / 1000.0),
    (lpad(to_hex({FIRST_MS} + n * {STEP_MS}), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
        || substr(md5(n::text), 4, 15))::uuid
FROM generate_series(0, {IMAGES - 1}) n
"""  # noqa: S608
FILL_TAGS = """
INSERT INTO images_tag (account_id, image_id, ready_id, name)
SELECT account_id, id, id, tag.name
FROM (SELECT account_id, id, (metadata->>'shot')::int n FROM images_image) image, LATERAL (
    SELECT 'all' AS name
    UNION ALL SELECT CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END
    UNION ALL SELECT 'old' WHERE n < 50000
    UNION ALL SELECT 'scattered' WHERE n % 200 = 0
    UNION ALL SELECT 'rare' WHERE n < 30
    UNION ALL SELECT 'theirs' WHERE account_id = 1) tag
"""
SHARED_SHA256 = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"  # of "0": 1,010 images
UNIQUE_SHA256 = "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"  # of "2", near the end

CASES: dict[str, dict[str, Any]] = {
    "no filter": {},
    "format, common": {"format": "jpeg"},
    "format, 10 %": {"format": "png"},
    "format, 300 at the end": {"format": "bmp"},
    "format, in one place": {"format": "tiff"},
    "format, none": {"format": "avif"},
    "visibility, nearly all": {"visibility": "private"},
    "visibility, 0.05 %": {"visibility": "public"},
    "sha256, one": {"sha256": UNIQUE_SHA256},
    "sha256, 1,010": {"sha256": SHARED_SHA256},
    "tag, all": {"tag": "all"},
    "tag, half": {"tag": "even"},
    "tag, 0.5 %": {"tag": "scattered"},
    "tag, 50,000 at the end": {"tag": "old"},
    "tag, 30 at the end": {"tag": "rare"},
    "tag, none": {"tag": "nobody's"},
    "tags, half of all": {"tag": ["all", "even"]},
    "tags that exclude each other": {"tag": ["even", "odd"]},
    "tags, old and scattered": {"tag": ["old", "scattered", "all"]},
    "ten tags": {"tag": ["all", "even", "old", "scattered", "rare", "theirs", "a", "b", "c", "d"]},
    "bytes, half": {"min_bytes": 4_500_000},
    "bytes, 900 everywhere": {"min_bytes": 100_000, "max_bytes": 108_000},
    "bytes, 1 % everywhere": {"min_bytes": 100_000, "max_bytes": 190_000},
    "bytes, 500 at the end": {"min_bytes": 20_000_000},
    "bytes, none": {"min_bytes": 30_000_000},
    "width, half": {"min_width": 3_000},
    "width, 50,000 at the end": {"min_width": 6_500},
    "width, 100 at the end": {"min_width": 8_000},
    "height, 1 %": {"min_height": 300, "max_height": 340},
    "metadata, a quarter": {"metadata": {"color": "red"}},
    "metadata, one": {"metadata": {"shot": 17}},
    "metadata, 1,000 in one place": {"metadata": {"batch": 300}},
    "metadata, 50,000 at the end": {"metadata": {"era": "old"}},
    "metadata, none": {"metadata": {"color": "pink"}},
    "metadata, common and contradictory": {"metadata": {"era": "old", "batch": 900}},
    "created, an hour": {"created_after": "2023-11-16T00:00:00Z", "created_before": "2023-11-16T01:00:00Z"},
    "created, the oldest": {"created_before": "2023-11-14T22:14:00Z"},
    "format and tag, both common": {"format": "jpeg", "tag": "even"},
    "format and tag that exclude each other": {"format": "tiff", "tag": "old"},
    "png, odd: none though both are common": {"format": "png", "tag": "odd"},
    "tag and width, both at the end": {"tag": "old", "min_width": 6_500},
    "tag at the end, width elsewhere": {"tag": "old", "max_width": 6_000},
    "common tag, rare bytes": {"tag": "all", "min_bytes": 20_000_000},
    "common tag, bytes at 1 %": {"tag": "all", "min_bytes": 100_000, "max_bytes": 190_000},
    "common tag, rare metadata": {"tag": "all", "metadata": {"shot": 17}},
    "png, half the bytes, a quarter by metadata": {
        "format": "png", "min_bytes": 4_500_000, "metadata": {"color": "red"},
    },
    "private, png, even, wide, red, in half the time": {
        "visibility": "private", "format": "png", "tag": "even", "min_width": 3_000,
        "metadata": {"color": "red"}, "created_before": "2023-11-17T00:00:00Z",
    },
    "wide and heavy, at the end and common": {"min_width": 6_500, "min_bytes": 4_500_000},
    "wide and red, at the end and common": {"min_width": 6_500, "metadata": {"color": "red"}},
}  # fmt: skip
SMALL: dict[str, dict[str, Any]] = {
    "no filter": {},
    "another's tag": {"tag": "theirs"},
    "tag, half": {"tag": "even"},
    "metadata that is common elsewhere": {"metadata": {"era": "old"}},
    "bytes, none": {"min_bytes": 30_000_000},
}
VIEWS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("no filter", {}, 100),
    ("tag and format", {"tag": "even", "format": "png"}, 100),
    ("width, 50,000 at the end", {"min_width": 6_500}, 100),
    ("no filter", {}, 1_000),
)
