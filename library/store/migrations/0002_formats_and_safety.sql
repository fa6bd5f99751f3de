-- Colours of a picture: up to five, 4 bytes each (red, green, blue, share of 255), largest
-- share first. picture.colour stays the first of them.
ALTER TABLE picture ADD COLUMN palette BLOB NOT NULL DEFAULT x'';

-- What of a damaged picture could not be decoded, in words; '' nothing.
ALTER TABLE picture ADD COLUMN warning TEXT NOT NULL DEFAULT '';
CREATE INDEX picture_damaged ON picture (content_id) WHERE warning <> '';

-- Time of the frame that a further view of a video shows; NULL for everything else.
ALTER TABLE vector ADD COLUMN at_ms INTEGER;

ALTER TABLE metadata ADD COLUMN duration_ms INTEGER;               -- of a video
ALTER TABLE metadata ADD COLUMN motion  INTEGER NOT NULL DEFAULT 0; -- 1: the file holds a short video, too
ALTER TABLE metadata ADD COLUMN pair    TEXT NOT NULL DEFAULT '';   -- content identifier shared by the two halves of a Live Photo
ALTER TABLE metadata ADD COLUMN burst   TEXT NOT NULL DEFAULT '';   -- identifier shared by the photos of a burst
ALTER TABLE metadata ADD COLUMN profile TEXT NOT NULL DEFAULT '';   -- name of the ICC profile

-- Much is read now that was refused before: what failed is tried again.
UPDATE file SET pending = 1 WHERE state = 'present' AND id IN (SELECT file_id FROM failure);
DELETE FROM failure WHERE file_id IN (SELECT id FROM file WHERE state = 'present');

-- Why a root is offline: '' it is not there, 'empty' it is there but holds nothing where it
-- held photos, and the person has not said yet that this is right.
ALTER TABLE root ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- Photos that belong together and are shown as one. stack is the photo that stands for all,
-- itself a member. Derived: what the rules find in names, times and identifiers.
CREATE TABLE stack_member (
  photo_id INTEGER PRIMARY KEY REFERENCES photo (id) ON DELETE CASCADE,
  stack    INTEGER NOT NULL REFERENCES photo (id) ON DELETE CASCADE,
  kind     TEXT NOT NULL CHECK (kind IN ('raw', 'live', 'burst'))
) STRICT;
CREATE INDEX stack_member_by_stack ON stack_member (stack);
CREATE INDEX stack_member_hidden ON stack_member (photo_id) WHERE stack <> photo_id;

-- Folders whose stacks must be worked out again: a photo in them came, changed or went.
CREATE TABLE stack_folder (
  root_id INTEGER NOT NULL REFERENCES root (id) ON DELETE CASCADE,
  dir     BLOB NOT NULL,
  PRIMARY KEY (root_id, dir)
) STRICT, WITHOUT ROWID;
INSERT INTO stack_folder SELECT DISTINCT root_id, dir FROM file;

-- User data: two photos that look alike and that the person keeps both. a < b.
CREATE TABLE distinct_pair (
  a INTEGER NOT NULL REFERENCES photo (id),
  b INTEGER NOT NULL REFERENCES photo (id),
  PRIMARY KEY (a, b),
  CHECK (a < b)
) STRICT, WITHOUT ROWID;

-- User data: files that the person moved to the system's trash, and where they lie there.
-- Paths are absolute, with %XX for every byte that is no plain ASCII, as file URIs write them.
CREATE TABLE trashed (
  path  TEXT PRIMARY KEY,             -- where the file was
  kept  TEXT NOT NULL,                -- where the trash keeps it
  at_ms INTEGER NOT NULL
) STRICT;

-- What is still to be done on disk so that it follows trashed: written in the transaction of
-- the operation or of its undo, deleted when the file has been moved. Not user data.
CREATE TABLE trash_work (
  path TEXT PRIMARY KEY,
  kept TEXT NOT NULL,
  back INTEGER NOT NULL               -- 0: from path to kept; 1: from kept to path
) STRICT;
