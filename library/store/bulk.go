package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"descry/library"
)

const (
	// bulkChunk is how many photos one write transaction of an operation changes at most,
	// leastChunk where it takes long.
	bulkChunk  = 100
	leastChunk = 10
	// turnTime is how long such a transaction should keep others waiting, but for what the disk
	// takes to write it: that hardly depends on how many photos it is.
	turnTime = 25 * time.Millisecond
)

// pace chooses how many photos the next transaction of an operation changes, by how long the
// last one took. The zero value is for the first.
type pace struct{ less int }

func (p *pace) size() int { return bulkChunk - p.less }

func (p *pace) took(d time.Duration) {
	size := p.size()
	switch {
	case d > turnTime:
		size = max(size/2, leastChunk)
	case d < turnTime/3:
		size = min(2*size, bulkChunk)
	}
	p.less = bulkChunk - size
}

// turn runs fn in one of the transactions of an operation; fn changes n photos at most.
func (s *Store) turn(ctx context.Context, p *pace, fn func(t *tx, n int) error) error {
	var work *time.Duration
	err := s.write(ctx, false, func(t *tx) error {
		work = &t.work
		return fn(t, p.size())
	})
	if err == nil {
		p.took(*work)
	}
	return err
}

// bulk runs fn for each i below n as one operation of a person, in several transactions, so
// that indexing and reading go on between them. what makes the sentence for the journal from
// what was changed so far: whenever the process ends, the entry says what was done and can be
// undone. Other operations of a person wait: two that run into each other could not be told
// apart by undo.
//
// It returns the operation, 0 when nothing changed, and how many photos changed.
func (s *Store) bulk(ctx context.Context, n int, what func(photos int) string, fn func(o *op, i int) error) (int64, int, error) {
	if err := s.person.enter(ctx, false); err != nil {
		return 0, 0, err
	}
	defer s.person.leave()
	all := op{photos: map[library.PhotoID]struct{}{}}
	var p pace
	for at := 0; at < n; {
		end := at
		err := s.turn(ctx, &p, func(t *tx, size int) error {
			all.tx = t
			end = min(at+size, n)
			return all.journaled(what, func() error {
				for i := at; i < end; i++ {
					if err := fn(&all, i); err != nil {
						return err
					}
				}
				return nil
			})
		})
		if err != nil {
			if all.committed > 0 {
				err = fmt.Errorf("%s are done and can be undone, then: %w", count(all.committed, "photo"), err)
			}
			return all.done, all.committed, err
		}
		all.done, all.committed = all.id, len(all.photos)
		at = end
	}
	return all.id, len(all.photos), nil
}

// journaled runs fn as a part of an operation: the entry is made before its first change and
// brought up to date after each part.
func (o *op) journaled(what func(photos int) string, fn func() error) error {
	fresh := o.id == 0
	if fresh {
		id, err := o.insert("INSERT INTO journal (at_ms, what) VALUES (?, '')", o.s.now().UnixMilli())
		if err != nil {
			return err
		}
		o.id = id
	}
	before := *o
	if err := fn(); err != nil {
		if fresh {
			o.id = 0
		}
		o.n = before.n
		return err
	}
	if o.n == 0 {
		id := o.id
		o.id = 0
		return o.exec("DELETE FROM journal WHERE id = ?", id)
	}
	return o.exec("UPDATE journal SET what = ?, photos = ? WHERE id = ?", what(len(o.photos)), len(o.photos), o.id)
}

// wordsDue begins the names of the notes that the words of the photos of a label or a label
// set are to be written anew. They are settings, so that they outlive the process.
const wordsDue = "state.words."

// wordsLater leaves the words of all photos with a label, or with one of a set, to
// catchUpWords: too many for one transaction.
func (t *tx) wordsLater(tb table, k key) error {
	return t.exec("INSERT INTO setting (key, value) VALUES (?, '0') ON CONFLICT DO UPDATE SET value = '0'", fmt.Sprint(wordsDue, tb.name, ".", k[0]))
}

// catchUpWords writes the words of photos anew whose labels changed, a few at a time. What it
// does not get done the next opening does; words are found late then, never lost.
func (s *Store) catchUpWords(ctx context.Context) {
	var p pace
	for more := true; more; {
		err := s.turn(ctx, &p, func(t *tx, size int) error {
			var note string
			var last int64
			found, err := t.get("SELECT key, CAST(value AS INTEGER) FROM setting WHERE key > ?1 AND key < ?1 || 'z' LIMIT 1",
				[]any{wordsDue}, []any{&note, &last})
			if more = found; err != nil || !found {
				return err
			}
			from := "tag g WHERE g.label_id = ?"
			what, id, _ := strings.Cut(strings.TrimPrefix(note, wordsDue), ".")
			if what == setTable.name {
				from = "label l JOIN tag g ON g.label_id = l.id WHERE l.set_id = ?"
			}
			n := 0
			if err := t.each("SELECT DISTINCT g.photo_id FROM "+from+" AND g.state = 'confirmed' AND g.photo_id > ? ORDER BY 1 LIMIT ?",
				[]any{id, last, size}, func(rows *sql.Rows) error {
					n++
					err := rows.Scan(&last)
					t.mark(library.PhotoID(last), dirtWords)
					return err
				}); err != nil {
				return err
			}
			if n < size {
				return t.exec("DELETE FROM setting WHERE key = ?", note)
			}
			return t.exec("UPDATE setting SET value = ? WHERE key = ?", last, note)
		})
		if err != nil {
			s.log.Warn("words of labels are found late", "error", err)
			return
		}
	}
}
