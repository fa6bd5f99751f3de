-- Three kinds of tables, never mixed: what the scan found (root, file, failure, metadata),
-- derived data that can be rebuilt (content, picture, space, vector, suggestion, ...), and
-- user data (tag, label_set, label, alt_text, mark, album, setting) with its journal.
-- Paths are BLOBs: bytes as the system gives them. Times are Unix milliseconds, UTC,
-- except mtime_ns. Digests are BLOBs.

CREATE TABLE library (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  id         TEXT NOT NULL,           -- random, ties the side file to its library
  created_ms INTEGER NOT NULL,
  generation INTEGER NOT NULL DEFAULT 1  -- counts changes of which photo an older vector shows
) STRICT;

-- ---------------------------------------------------------------- where photos are
CREATE TABLE root (
  id       INTEGER PRIMARY KEY,
  path     BLOB NOT NULL UNIQUE,
  volume   TEXT NOT NULL DEFAULT '',
  state    TEXT NOT NULL DEFAULT 'present' CHECK (state IN ('present', 'offline')),
  added_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE content (
  id     INTEGER PRIMARY KEY,
  scheme TEXT NOT NULL,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  UNIQUE (scheme, digest)
) STRICT;

-- A photo is what a person speaks about. content_id and orientation say which picture it
-- shows now; editing the file in place may change them without changing the photo.
-- taken_ms, rating ... are in metadata; primary_file is the file they are read from: the
-- present one with the smallest (root path, dir, name), else the missing one with the smallest.
-- A photo without any file is kept: what a person said of it waits for its return.
CREATE TABLE photo (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  content_id   INTEGER NOT NULL UNIQUE REFERENCES content (id),
  orientation  INTEGER NOT NULL CHECK (orientation BETWEEN 1 AND 8),
  primary_file INTEGER REFERENCES file (id) ON DELETE SET NULL,
  taken_ms     INTEGER,               -- wall clock read as UTC; NULL: mtime stands in for sorting
  sort_ms      INTEGER NOT NULL,      -- taken_ms, else mtime: the order of the grid
  shown        INTEGER NOT NULL DEFAULT 0  -- 1: at least one of its files is present
) STRICT;
CREATE INDEX photo_by_time ON photo (sort_ms DESC, id DESC) WHERE shown = 1;
CREATE INDEX photo_by_primary ON photo (primary_file);

CREATE TABLE file (
  id          INTEGER PRIMARY KEY,
  root_id     INTEGER NOT NULL REFERENCES root (id) ON DELETE CASCADE,
  dir         BLOB NOT NULL,          -- relative folder, '' for the root itself
  name        BLOB NOT NULL,
  size        INTEGER NOT NULL,
  mtime_ns    INTEGER NOT NULL,
  inode       TEXT NOT NULL DEFAULT '',
  state       TEXT NOT NULL DEFAULT 'present' CHECK (state IN ('present', 'missing')),
  pending     INTEGER NOT NULL DEFAULT 1,  -- 1: not looked at since it was found or changed
  photo_id    INTEGER REFERENCES photo (id),
  UNIQUE (root_id, dir, name)
) STRICT;
CREATE INDEX file_by_photo ON file (photo_id);
CREATE INDEX file_pending  ON file (mtime_ns DESC, id) WHERE pending = 1;
CREATE INDEX file_missing  ON file (size, mtime_ns) WHERE state = 'missing';

CREATE TABLE failure (
  file_id INTEGER PRIMARY KEY REFERENCES file (id) ON DELETE CASCADE,
  stage   TEXT NOT NULL,
  reason  TEXT NOT NULL,
  at_ms   INTEGER NOT NULL
) STRICT;

CREATE TABLE metadata (
  file_id     INTEGER PRIMARY KEY REFERENCES file (id) ON DELETE CASCADE,
  format      TEXT NOT NULL,
  width       INTEGER NOT NULL,       -- as stored, before orientation
  height      INTEGER NOT NULL,
  orientation INTEGER NOT NULL,
  taken_ms    INTEGER,
  zone_min    INTEGER,                -- minutes east of UTC, NULL where the file does not say
  make        TEXT NOT NULL DEFAULT '',
  model       TEXT NOT NULL DEFAULT '',
  lens        TEXT NOT NULL DEFAULT '',
  iso         INTEGER,
  f_number    REAL,
  exposure_s  REAL,
  focal_mm    REAL,
  focal35_mm  REAL,
  lat         REAL,
  lon         REAL,
  alt_m       REAL,
  title       TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  keywords    TEXT NOT NULL DEFAULT '[]',  -- JSON array
  creator     TEXT NOT NULL DEFAULT '',
  copyright   TEXT NOT NULL DEFAULT '',
  rating      INTEGER,
  alt_text    TEXT NOT NULL DEFAULT '',
  extended    TEXT NOT NULL DEFAULT ''
) STRICT;

-- ---------------------------------------------------------------- derived data
CREATE TABLE picture (
  content_id  INTEGER NOT NULL REFERENCES content (id),
  orientation INTEGER NOT NULL,
  width       INTEGER NOT NULL,       -- upright
  height      INTEGER NOT NULL,
  phash       INTEGER NOT NULL,       -- 64 bits, stored as signed
  sharpness   REAL NOT NULL,
  exposure    REAL NOT NULL,
  colour      INTEGER NOT NULL,       -- 0xRRGGBB
  PRIMARY KEY (content_id, orientation)
) STRICT, WITHOUT ROWID;

CREATE TABLE space (
  id     INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  model  TEXT NOT NULL,
  dim    INTEGER NOT NULL
) STRICT;

CREATE TABLE vector (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,  -- the side file follows this order
  content_id  INTEGER NOT NULL REFERENCES content (id),
  orientation INTEGER NOT NULL,
  space_id    INTEGER NOT NULL REFERENCES space (id),
  view        INTEGER NOT NULL DEFAULT 0,
  provider    TEXT NOT NULL,
  data        BLOB NOT NULL,          -- dim float16, little endian, unit length
  UNIQUE (content_id, orientation, space_id, view)
) STRICT;
CREATE INDEX vector_by_space ON vector (space_id, seq);

CREATE TABLE calibration (
  space_id  INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
  kind      TEXT NOT NULL,            -- 'text', 'image', 'label', ...
  params    TEXT NOT NULL,            -- JSON
  n         INTEGER NOT NULL,         -- how many scores it was fitted on
  fitted_ms INTEGER NOT NULL,
  PRIMARY KEY (space_id, kind)
) STRICT;

CREATE TABLE suggestion (
  content_id  INTEGER NOT NULL REFERENCES content (id),
  orientation INTEGER NOT NULL,
  space_id    INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
  label_id    INTEGER NOT NULL REFERENCES label (id) ON DELETE CASCADE,
  confidence  REAL NOT NULL,
  PRIMARY KEY (content_id, orientation, space_id, label_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX suggestion_by_label ON suggestion (label_id, space_id, confidence DESC);

-- How far suggestions have come: vectors up to last_seq were tagged with the labels whose
-- digest this is. Another digest starts again from 0.
CREATE TABLE tagging_progress (
  space_id INTEGER PRIMARY KEY REFERENCES space (id) ON DELETE CASCADE,
  labels   TEXT NOT NULL,
  last_seq INTEGER NOT NULL
) STRICT;

-- Full text; rowid is photo.id. Recognised text gets its column from the start.
CREATE VIRTUAL TABLE words USING fts5 (
  name, folder, keywords, description, tags, alt, recognised,
  content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);

-- ---------------------------------------------------------------- user data
-- Sets and labels are never deleted while something points at them: removed = 1 hides them,
-- and undo brings them back.
CREATE TABLE label_set (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  name     TEXT NOT NULL UNIQUE,      -- lower-case id: 'animals'
  title    TEXT NOT NULL,
  settings TEXT NOT NULL,             -- JSON: exclusive, templates, role, limit
  position INTEGER NOT NULL,
  builtin  INTEGER NOT NULL DEFAULT 0,
  removed  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE label (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  set_id     INTEGER NOT NULL REFERENCES label_set (id),
  name       TEXT NOT NULL,
  definition TEXT NOT NULL,           -- JSON: synonyms, prompts, alt
  position   INTEGER NOT NULL,
  removed    INTEGER NOT NULL DEFAULT 0,
  UNIQUE (set_id, name)
) STRICT;

CREATE TABLE tag (
  photo_id INTEGER NOT NULL REFERENCES photo (id),
  label_id INTEGER NOT NULL REFERENCES label (id),
  state    TEXT NOT NULL CHECK (state IN ('confirmed', 'rejected')),
  at_ms    INTEGER NOT NULL,
  PRIMARY KEY (photo_id, label_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_by_label ON tag (label_id, state);

CREATE TABLE alt_text (
  photo_id INTEGER NOT NULL REFERENCES photo (id),
  lang     TEXT NOT NULL DEFAULT 'en',
  text     TEXT NOT NULL,
  extended TEXT NOT NULL DEFAULT '',
  state    TEXT NOT NULL CHECK (state IN ('edited', 'approved')),
  at_ms    INTEGER NOT NULL,
  PRIMARY KEY (photo_id, lang)
) STRICT, WITHOUT ROWID;

CREATE TABLE mark (
  photo_id  INTEGER PRIMARY KEY REFERENCES photo (id),
  rating    INTEGER CHECK (rating BETWEEN 0 AND 5),
  favourite INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE album (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  name    TEXT NOT NULL UNIQUE,
  query   TEXT,                       -- a smart album is a saved query; NULL: a plain album
  removed INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE album_photo (
  album_id INTEGER NOT NULL REFERENCES album (id),
  photo_id INTEGER NOT NULL REFERENCES photo (id),
  position INTEGER NOT NULL,
  PRIMARY KEY (album_id, photo_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- One operation per thing a person did, bulk included; its changes hold the rows before and
-- after as JSON objects (NULL: the row was not there).
CREATE TABLE journal (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms  INTEGER NOT NULL,
  what   TEXT NOT NULL,
  photos INTEGER NOT NULL DEFAULT 0,
  undoes INTEGER REFERENCES journal (id),
  undone INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE journal_change (
  journal_id INTEGER NOT NULL REFERENCES journal (id),
  n          INTEGER NOT NULL,
  tbl        TEXT NOT NULL,
  key        TEXT NOT NULL,           -- JSON object of the primary key
  before     TEXT,
  after      TEXT,
  photo_id   INTEGER,                 -- the photo it is about, if any
  PRIMARY KEY (journal_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX journal_change_by_row ON journal_change (tbl, key, journal_id);
CREATE INDEX journal_change_by_photo ON journal_change (photo_id) WHERE photo_id IS NOT NULL;
