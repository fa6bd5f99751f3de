package store

// Functions for SQLite. Two aggregates spare a row through database/sql for each photo (a
// microsecond; a million photos are a second): photo_set(id) gives the ids as a bitmap,
// photo_list(id) one behind the other, real_list(x) numbers, all little endian whatever the
// machine. has_colour and
// kilometres answer what filters ask of very many photos.

/*
#cgo LDFLAGS: -lm
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Of SQLite, which the driver compiles into the program; its header is not within reach.
typedef struct sqlite3 sqlite3;
typedef struct sqlite3_context sqlite3_context;
typedef struct sqlite3_value sqlite3_value;
int sqlite3_auto_extension(void (*init)(void));
int sqlite3_create_function_v2(sqlite3 *, const char *name, int args, int flags, void *,
	void (*func)(sqlite3_context *, int, sqlite3_value **), void (*step)(sqlite3_context *, int, sqlite3_value **),
	void (*final)(sqlite3_context *), void (*destroy)(void *));
void *sqlite3_aggregate_context(sqlite3_context *, int size);
int sqlite3_value_type(sqlite3_value *);
int64_t sqlite3_value_int64(sqlite3_value *);
double sqlite3_value_double(sqlite3_value *);
const void *sqlite3_value_blob(sqlite3_value *);
int sqlite3_value_bytes(sqlite3_value *);
void sqlite3_result_int(sqlite3_context *, int);
void sqlite3_result_double(sqlite3_context *, double);
void sqlite3_result_blob(sqlite3_context *, const void *, int size, void (*destroy)(void *));
void sqlite3_result_zeroblob(sqlite3_context *, int size);
void sqlite3_result_error_nomem(sqlite3_context *);
void sqlite3_result_error(sqlite3_context *, const char *, int);

enum { isNull = 5, utf8 = 1, deterministic = 0x800 };

// The greatest id that a bitmap holds: 128 MB. A library that gave out more is damaged.
static const int64_t greatest = (int64_t)1 << 30;

typedef struct {
	unsigned char *data;
	int64_t size, room; // bytes
	const char *wrong;
} bytes;

static int grow(bytes *b, int64_t size) {
	if (size > b->room) {
		int64_t room = b->room ? b->room : 4096;
		while (room < size) room *= 2;
		unsigned char *data = realloc(b->data, room);
		if (!data) {
			b->wrong = "there is no memory left";
			return 0;
		}
		memset(data + b->room, 0, room - b->room);
		b->data = data;
		b->room = room;
	}
	if (size > b->size) b->size = size;
	return 1;
}

// next is the id of a step; 0 where there is none to take.
static int64_t next(sqlite3_context *c, sqlite3_value **v, bytes **b) {
	if (sqlite3_value_type(v[0]) == isNull) return 0;
	*b = sqlite3_aggregate_context(c, sizeof(bytes));
	if (!*b || (*b)->wrong) return 0;
	int64_t id = sqlite3_value_int64(v[0]);
	if (id > greatest) (*b)->wrong = "the number of a photo is out of range";
	return id <= 0 || id > greatest ? 0 : id;
}

static void setStep(sqlite3_context *c, int n, sqlite3_value **v) {
	bytes *b;
	int64_t id = next(c, v, &b);
	if (id && grow(b, (id / 64 + 1) * 8)) b->data[id / 8] |= 1 << (id % 8);
}

static void listStep(sqlite3_context *c, int n, sqlite3_value **v) {
	bytes *b;
	int64_t id = next(c, v, &b);
	if (!id || !grow(b, b->size + 4)) return;
	for (int i = 0; i < 4; i++) b->data[b->size - 4 + i] = id >> (8 * i);
}

static void realStep(sqlite3_context *c, int n, sqlite3_value **v) {
	bytes *b = sqlite3_aggregate_context(c, sizeof(bytes));
	if (!b || b->wrong || !grow(b, b->size + 8)) return;
	double x = sqlite3_value_double(v[0]);
	uint64_t bits;
	memcpy(&bits, &x, 8);
	for (int i = 0; i < 8; i++) b->data[b->size - 8 + i] = bits >> (8 * i);
}

// done hands the bytes over. SQLite calls it, too, when a query ends early.
static void done(sqlite3_context *c) {
	bytes *b = sqlite3_aggregate_context(c, 0);
	if (b && b->wrong) {
		sqlite3_result_error(c, b->wrong, -1);
		free(b->data);
	} else if (b && b->data) {
		sqlite3_result_blob(c, b->data, b->size, free);
	} else {
		sqlite3_result_zeroblob(c, 0);
	}
}

// hasColour(colours, table) is colours.Sought.In without the names.
static void hasColour(sqlite3_context *c, int n, sqlite3_value **v) {
	uint64_t all = (uint64_t)sqlite3_value_int64(v[0]) >> 12;
	const unsigned char *table = sqlite3_value_blob(v[1]);
	int found = 0;
	if (table && sqlite3_value_bytes(v[1]) == 512)
		for (int i = 0; i < 4 && !found; i++, all >>= 12) found = table[(all & 4095) / 8] >> (all & 7) & 1;
	sqlite3_result_int(c, found);
}

// kilometres(lat, lon, lat, lon) is how far two positions lie apart on a round earth, by the
// haversine; the first two are in hundred-thousandths of a degree, the others in degrees.
static void kilometres(sqlite3_context *c, int n, sqlite3_value **v) {
	const double rad = 3.14159265358979323846 / 180, earth = 6371;
	double lat1 = sqlite3_value_int64(v[0]) * 1e-5 * rad, lon1 = sqlite3_value_int64(v[1]) * 1e-5 * rad;
	double lat2 = sqlite3_value_double(v[2]) * rad, lon2 = sqlite3_value_double(v[3]) * rad;
	double a = sin((lat2 - lat1) / 2), b = sin((lon2 - lon1) / 2);
	sqlite3_result_double(c, 2 * earth * asin(sqrt(fmin(1, a * a + cos(lat1) * cos(lat2) * b * b))));
}

static int extend(sqlite3 *db, char **message, const void *api) {
	int rc = sqlite3_create_function_v2(db, "photo_set", 1, utf8 | deterministic, 0, 0, setStep, done, 0);
	if (rc) return rc;
	rc = sqlite3_create_function_v2(db, "photo_list", 1, utf8 | deterministic, 0, 0, listStep, done, 0);
	if (rc) return rc;
	rc = sqlite3_create_function_v2(db, "real_list", 1, utf8 | deterministic, 0, 0, realStep, done, 0);
	if (rc) return rc;
	rc = sqlite3_create_function_v2(db, "has_colour", 2, utf8 | deterministic, 0, hasColour, 0, 0, 0);
	if (rc) return rc;
	return sqlite3_create_function_v2(db, "kilometres", 4, utf8 | deterministic, 0, kilometres, 0, 0, 0);
}

static int extendAll(void) { return sqlite3_auto_extension((void (*)(void))extend); }
*/
import "C"

import (
	"context"
	"encoding/binary"
	"fmt"

	"descry/library"
)

// From here on every connection knows the functions. SQLite takes the same extension once.
func init() {
	if rc := C.extendAll(); rc != 0 {
		panic(fmt.Sprintf("store: SQLite takes no functions (%d)", rc))
	}
}

// photoSet reads the one row of a query that selects photo_set(id).
func photoSet(ctx context.Context, q querier, query string, args ...any) (library.PhotoSet, error) {
	var b []byte
	if err := q.QueryRowContext(ctx, query, args...).Scan(&b); err != nil {
		return nil, mapError(err)
	}
	set := make(library.PhotoSet, len(b)/8)
	for i := range set {
		set[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return set, nil
}

// photoList reads the one row of a query that selects photo_list(id): the ids in the order
// of the rows.
func photoList(ctx context.Context, q querier, query string, args ...any) ([]library.PhotoID, error) {
	var b []byte
	if err := q.QueryRowContext(ctx, query, args...).Scan(&b); err != nil {
		return nil, mapError(err)
	}
	if len(b) == 0 {
		return nil, nil
	}
	return unpackIDs(b), nil
}

func unpackIDs(b []byte) []library.PhotoID {
	ids := make([]library.PhotoID, len(b)/4)
	for i := range ids {
		ids[i] = library.PhotoID(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return ids
}
