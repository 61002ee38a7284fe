package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/store"
)

// firstSign is how long this server counts as there before its link to the others
// gives signs.
const firstSign = 3 * time.Second

// shareKeys shows this server's keys to the company's other servers on the store
// and refuses to start beside one that was there before and whose signatures it
// cannot check, or the other way round: half of what drivers and peers present
// would be refused, depending on whom they ask. Of two that start at once the
// later one goes. A store that cannot be asked keeps nobody from starting.
func (a *App) shareKeys(ctx context.Context) error {
	st, server := a.rooms.store, a.rooms.server
	mine, err := st.ShowKeys(ctx, server, a.rooms.keys.KeyIDs())
	if err == nil {
		a.cleanups.add("keys shown to the other servers", a.trust.hideKeys)
		_, err = st.Announce(ctx, server, firstSign)
	}
	var others []store.ShownKeys
	if err == nil {
		others, err = st.KeysShown(ctx, server)
	}
	for _, other := range others {
		if !sameCompany(a.o.Company, other) || knowEachOther(mine, other) || after(other, mine) {
			continue
		}
		there, failed := st.StillThere(ctx, other) // one that has died without a word is waited out
		if there {
			_, _ = st.Announce(ctx, server, 0)
			return a.trust.otherKeys(mine, other)
		}
		err = errors.Join(err, failed)
	}
	if err != nil {
		a.log.Warn().Err(err).Msg("the signing keys of the company's other servers could not be compared with this one's")
	}
	return nil
}

// hideKeys takes this server's keys off the list, if the store is there.
func (t *trust) hideKeys(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = t.rooms.store.HideKeys(ctx, t.rooms.server) // else it is taken for gone soon
	return nil
}

// sameCompany reports whether a server is one of the company: companies may share
// a store under one prefix.
func sameCompany(id charging.CompanyID, other store.ShownKeys) bool {
	return strings.HasPrefix(other.Server, string(id)+"-")
}

// knowEachOther reports whether each has the key with which the other signs. So
// keys can be changed one server at a time: the new one is added, then put first,
// then the old one is taken away.
func knowEachOther(a, b store.ShownKeys) bool {
	return slices.Contains(a.KeyIDs, b.KeyIDs[0]) && slices.Contains(b.KeyIDs, a.KeyIDs[0])
}

// after orders servers by when they came.
func after(a, b store.ShownKeys) bool {
	return a.Since > b.Since || a.Since == b.Since && a.Server > b.Server
}

func (t *trust) otherKeys(mine, other store.ShownKeys) error {
	file := t.o.keyFile()
	if file == "" {
		file = "no file (a key of this process alone)"
	}
	return fmt.Errorf("another server of the company on this store (%s) signs with the key %s, this one with %s of %s, and they do not know each other's: "+
		"drivers and peers would be refused by one what the other has signed. Start both with the same --key-file; "+
		"eletrovia keys rotate changes the keys of that one file, and no server restarts",
		other.Server, other.KeyIDs[0], mine.KeyIDs[0], file)
}
