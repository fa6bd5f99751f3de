-- What is asked for often enough, and is the same for many photos, so that an index costs a new
-- photo little: a few microseconds for all of these.
CREATE INDEX fact_by_width    ON fact (width);
CREATE INDEX fact_by_height   ON fact (height);
CREATE INDEX fact_by_f_number ON fact (f_number) WHERE f_number IS NOT NULL;
CREATE INDEX fact_by_focal    ON fact (focal) WHERE focal IS NOT NULL;
CREATE INDEX fact_by_iso      ON fact (iso) WHERE iso IS NOT NULL;
CREATE INDEX fact_by_lens     ON fact (lens) WHERE lens IS NOT NULL;
CREATE INDEX fact_by_ext      ON fact (ext);
