package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Cameras lists the cameras of the library's photos, make and model, by name. Many models
// begin with the first word of the make, which then stands for it.
func (s *Store) Cameras(ctx context.Context) ([]string, error) {
	return s.names(ctx, "camera", `CASE WHEN make <> '' AND instr(lower(model), lower(substr(make, 1, instr(make || ' ', ' ') - 1))) = 1
		THEN model ELSE trim(make || ' ' || model) END`)
}

// Lenses lists the lenses of the library's photos, by name.
func (s *Store) Lenses(ctx context.Context) ([]string, error) { return s.names(ctx, "lens", "name") }

func (s *Store) names(ctx context.Context, table, name string) ([]string, error) {
	var out []string
	err := eachRow(ctx, s.ro, "SELECT DISTINCT "+name+" AS v FROM "+table+" t WHERE EXISTS (SELECT 1 FROM fact x WHERE x."+table+" = t.id) ORDER BY v",
		nil, func(rows *sql.Rows) error {
			var v string
			err := rows.Scan(&v)
			out = append(out, v)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list what cameras say: %w", err)
	}
	return out, nil
}
