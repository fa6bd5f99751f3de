-- What filters of a search ask of a photo: one narrow row for each photo that has a file, read
-- as a whole (50 ms for a million photos) where no index is worth what it costs each new photo. Derived
-- from its primary file, its picture and its files; library.facts says how far: by which rules,
-- and after which photo it stopped, if it did.
ALTER TABLE library ADD COLUMN facts TEXT NOT NULL DEFAULT '';

CREATE TABLE camera (
  id    INTEGER PRIMARY KEY,
  make  TEXT NOT NULL,
  model TEXT NOT NULL,
  UNIQUE (make, model)
) STRICT;

CREATE TABLE lens (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE fact (
  photo_id INTEGER PRIMARY KEY REFERENCES photo (id) ON DELETE CASCADE,
  flags    INTEGER NOT NULL,          -- bits, see facts.go
  colours  INTEGER NOT NULL,          -- main colours: a bit for each name, then four of 12 bits
  width    INTEGER,                   -- upright
  height   INTEGER,
  f_number REAL,
  focal    REAL,
  iso      INTEGER,
  rating   INTEGER NOT NULL,          -- the file's
  camera   INTEGER,                   -- camera.id
  lens     INTEGER,                   -- lens.id
  clock    INTEGER,                   -- when the camera took it: minutes since Sunday, 0 o'clock
  spot     INTEGER,                   -- square of a hundredth of a degree, see spots.go
  lat      INTEGER,                   -- hundred-thousandths of a degree
  lon      INTEGER,
  ext      TEXT NOT NULL,             -- end of the file name, lower case
  copies   INTEGER NOT NULL           -- 1: several present files hold the photo
) STRICT;
CREATE INDEX fact_by_flags  ON fact (flags);
CREATE INDEX fact_by_rating ON fact (rating) WHERE rating > 0;
CREATE INDEX fact_by_camera ON fact (camera) WHERE camera IS NOT NULL;
CREATE INDEX fact_by_clock  ON fact (clock) WHERE clock IS NOT NULL;
CREATE INDEX fact_by_spot   ON fact (spot, lat, lon) WHERE spot IS NOT NULL;
CREATE INDEX fact_copies    ON fact (copies) WHERE copies = 1;

-- Folders of present files with their photos, without reading the files' rows.
CREATE INDEX file_by_folder ON file (root_id, dir, photo_id) WHERE state = 'present';

-- The town, region and country nearest to a spot, by their numbers in the list of places that
-- library.places names; -1: none.
ALTER TABLE library ADD COLUMN places TEXT NOT NULL DEFAULT '';

CREATE TABLE place (
  spot    INTEGER PRIMARY KEY,
  town    INTEGER NOT NULL,
  region  INTEGER NOT NULL,
  country INTEGER NOT NULL
) STRICT;
CREATE INDEX place_by_town    ON place (town);
CREATE INDEX place_by_region  ON place (region);
CREATE INDEX place_by_country ON place (country);
