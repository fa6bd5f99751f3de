-- Text that was recognised in a picture, looked for once with each engine. Derived.
CREATE TABLE recognised (
  content_id  INTEGER NOT NULL REFERENCES content (id),
  orientation INTEGER NOT NULL,
  engine      TEXT NOT NULL,          -- digest of the models and of how they are used
  state       TEXT NOT NULL CHECK (state IN ('none', 'text', 'failed')),
  lines       TEXT NOT NULL,          -- JSON: text, confidence (percent), corners (1/10000 of width and height)
  PRIMARY KEY (content_id, orientation)
) STRICT;
CREATE INDEX recognised_text ON recognised (content_id) WHERE state = 'text';
