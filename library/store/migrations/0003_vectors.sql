-- A number drawn when the vector was stored: where the vector that the side file ends with has
-- another one, the database is not the one that the file was made from (a restored backup).
ALTER TABLE vector ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;

-- Which photo shows which vector is read for all of them: from the index alone.
DROP INDEX vector_by_space;
CREATE INDEX vector_by_space ON vector (space_id, seq, content_id, orientation);
