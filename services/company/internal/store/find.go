package store

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/pkg/trip"
)

// findable is what a search looks at of a trip, beside its state, in place of its whole
// record: the trouble, the span in Unix seconds, and the EVSE and reservation of each
// stop. The scripts that write the record write it, too, behind the record's version: an
// edition that does not know it leaves one behind that is not of the record.
func findable(t trip.Trip) string {
	span := t.Span()
	b := make([]byte, 0, 32+64*len(t.Legs))
	b = append(b, t.Trouble()...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, span.Start.Unix(), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, span.End.Unix(), 10)
	for _, l := range t.Legs {
		b = append(b, ' ')
		b = append(b, l.EVSEID...)
		b = append(b, '/')
		b = append(b, l.ReservationID...)
	}
	return string(b)
}

// searched reports whether a query wants more of a trip than its state, vehicle and
// whether it is stuck.
func searched(q trip.Query) bool {
	return q.EVSEID != "" || q.CompanyID != "" || !q.From.IsZero() || !q.To.IsZero() || q.Trouble != "" || q.Part != ""
}

// finds reports whether a query wants the trip of this id and findable.
func finds(q trip.Query, id, text string) bool {
	trouble, text, _ := strings.Cut(text, " ")
	start, text, _ := strings.Cut(text, " ")
	end, stops, _ := strings.Cut(text, " ")
	if q.Trouble != "" && trouble != string(q.Trouble) {
		return false
	}
	from, _ := strconv.ParseInt(start, 10, 64)
	to, _ := strconv.ParseInt(end, 10, 64)
	if !q.To.IsZero() && from >= q.To.Unix() || !q.From.IsZero() && to <= q.From.Unix() {
		return false
	}
	at, with, part := q.EVSEID == "", q.CompanyID == "", q.Part == "" || strings.Contains(id, q.Part)
	for stop := range strings.SplitSeq(stops, " ") {
		evse, reservation, _ := strings.Cut(stop, "/")
		at = at || evse == string(q.EVSEID)
		with = with || charging.EVSEID(evse).Company() == q.CompanyID
		part = part || strings.Contains(reservation, q.Part)
	}
	return at && with && part
}

// wants reports whether a query wants the trip of a row, which is of state, stuck and,
// where the query searches, version and find.
func wants(q trip.Query, id string, row reply) bool {
	return (q.State == "" || row.str(0) == string(q.State)) && (!q.Stuck || row.str(1) == "1") &&
		(!searched(q) || finds(q, id, found(row)))
}

// rowsOf reads fields of many records, some at a time beside each other: while one part is
// read here, the store is at the next.
func (j *Journal) rowsOf(ctx context.Context, ids []string, names ...string) ([]reply, error) {
	parts := slices.Collect(slices.Chunk(ids, scanPage))
	rows := make([][]reply, len(parts))
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(2)
	for i, part := range parts {
		reads.Go(func() (err error) {
			rows[i], err = j.fields(ctx, part, names...)
			return err
		})
	}
	err := reads.Wait()
	return slices.Concat(rows...), err
}

// found is what is searched for of a row of state, stuck, version and find; empty where
// that is of another record.
func found(row reply) string {
	version, text, _ := strings.Cut(row.str(3), "|")
	if version != row.str(2) {
		return ""
	}
	return text
}

// refind reads the records that have nothing to be searched for, and keeps it for the
// next search: an edition before has written them.
func (j *Journal) refind(ctx context.Context, ids []string, rows []reply) error {
	var old []int
	var their []string
	for i, row := range rows {
		if row.str(0) != "" && found(row) == "" {
			old, their = append(old, i), append(their, ids[i])
		}
	}
	docs, err := j.fields(ctx, their, "doc", "version")
	if err != nil || len(docs) == 0 {
		return err
	}
	pipe := j.rdb.Pipeline()
	for i, doc := range docs {
		t, err := trip.Decode(doc.str(0))
		if err != nil {
			continue // it has gone, or is not readable: nobody finds it
		}
		rows[old[i]] = reply{rows[old[i]].str(0), rows[old[i]].str(1), doc.str(1), doc.str(1) + "|" + findable(t)}
		findScript.Eval(ctx, pipe, []string{j.keys.trip(charging.TripID(their[i]))}, doc.str(1), findable(t))
	}
	_, err = pipe.Exec(ctx)
	return failed(ctx, "search trips", err)
}

// Page gives the trips that a query wants after its cursor, newest first, and the cursor
// of what follows, empty where nothing does. A trip that is wanted all the while is on
// exactly one of the pages, whatever is added meanwhile. INVALID_FIELD for a cursor that
// is none.
func (j *Journal) Page(ctx context.Context, q trip.Query) (page []trip.Trip, next string, err error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	at, err := parseCursor(q.After)
	if err != nil {
		return nil, "", err
	}
	at.down = true
	if q.After == "" {
		at.from = "+inf"
	}
	list, _, err := j.listFor(ctx, q)
	if err != nil {
		return nil, "", err
	}
	match, last, err := j.matching(ctx, list, at, q, q.Limit)
	if err != nil {
		return nil, "", err
	}
	if last != nil {
		next = cursorOf(*last).String()
	}
	page, err = j.loadAll(ctx, match)
	return page, next, err
}

// matching gives the ids of the trips of a list that match after a place in it, newest
// first, at most so many (0: all); last is the place of the last one where there may be more.
func (j *Journal) matching(ctx context.Context, list string, at cursor, q trip.Query, most int) (match []string, last *redis.Z, err error) {
	for more, scan := true, int64(scanPage); more; scan = min(2*scan, maxScan) {
		var made []redis.Z
		if made, more, err = j.following(ctx, list, at, scan); err != nil || len(made) == 0 {
			return match, nil, err
		}
		want, err := j.those(ctx, list, made, searched(q), func(id string, row reply) bool { return wants(q, id, row) })
		if err != nil {
			return nil, nil, err
		}
		for i, z := range made {
			if !want[i] {
				continue
			}
			id, _ := z.Member.(string)
			if match = append(match, id); len(match) == most {
				if i == len(made)-1 && !more {
					return match, nil, nil
				}
				return match, &z, nil
			}
		}
		at = cursorOf(made[len(made)-1])
		at.down = true
	}
	return match, nil, nil
}
