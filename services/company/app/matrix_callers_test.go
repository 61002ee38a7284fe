package app

import (
	"net/http"
	"testing"
	"time"

	"github.com/eletrovia/eletrovia/pkg/charging"
	"github.com/eletrovia/eletrovia/services/company/internal/identity"
)

// Who an identity is at SER; whoever is nobody at all there is "wrong".
const (
	asNobody, asVehicle, asOperator, asPeer, asWrong = "nobody", "vehicle", "operator", "peer", "wrong"
)

// caller is one column of the matrix: what is shown, and who that is at SER.
type caller struct {
	who, is string
	// user and secret of Basic and of MQTT; token is a company's, over MQTT the
	// password of user.
	user, secret, token string
	// other is shown as it is, over REST alone.
	other string
	// barred is suspended: the broker does not let it in.
	barred bool
}

func (c caller) authorization() string {
	r := http.Request{Header: http.Header{}}
	switch {
	case c.other != "":
		return c.other
	case c.token != "":
		return "Bearer " + c.token
	case c.user != "":
		r.SetBasicAuth(c.user, c.secret)
	}
	return r.Header.Get("Authorization")
}

// matrix is three companies without demo tokens, each with an operator's secret of its
// own, and what their vehicles have been given. CAJ is suspended by SER in suspended.
type matrix struct {
	*testing.T
	ser, mar, caj *App
	// here is registered at SER, there at MAR; the ended ones are revoked.
	here, there, endedHere, endedThere vehicleSecret
}

type vehicleSecret struct {
	id     charging.VehicleID
	secret string
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	return newMatrixOf(t, func(*Options) {})
}

func newMatrixOf(t *testing.T, tune func(*Options)) *matrix {
	t.Helper()
	apps := boot(t, func(o *Options) {
		o.DemoTokens, o.OperatorSecret, o.Registrations = false, "the operator's own of "+string(o.Company), -1
		tune(o)
	})
	m := &matrix{T: t, ser: apps["SER"], mar: apps["MAR"], caj: apps["CAJ"]}
	m.here, m.there = m.register(m.ser, "HERE01"), m.register(m.mar, "THERE01")
	m.endedHere, m.endedThere = m.register(m.ser, "ENDED01"), m.register(m.mar, "ENDED02")
	return m
}

func (m *matrix) register(at *App, wish charging.VehicleID) vehicleSecret {
	m.Helper()
	id, secret, err := at.rooms.identity.Register(m.Context(), identity.Registration{Wish: wish, Model: "byd-dolphin"})
	if err != nil {
		m.Fatal(err)
	}
	return vehicleSecret{id, secret}
}

// pass is what a vehicle of MAR shows elsewhere.
func (m *matrix) pass(v vehicleSecret, to charging.CompanyID) string {
	m.Helper()
	who, err := m.mar.rooms.identity.Basic(m.Context(), string(v.id), v.secret)
	if err != nil {
		m.Fatal(err)
	}
	pass, _, err := m.mar.rooms.identity.Pass(who, v.id, to)
	if err != nil {
		m.Fatal(err)
	}
	return pass
}

// revoke ends a vehicle's secret at its company, and waits until SER has heard of it.
func (m *matrix) revoke(at *App, v vehicleSecret) {
	m.Helper()
	who, err := at.rooms.identity.Basic(m.Context(), string(v.id), v.secret)
	if err == nil {
		_, err = at.rooms.identity.Revoke(m.Context(), identity.Caller{Kind: identity.Operator}, v.id)
	}
	if err != nil {
		m.Fatal(err)
	}
	until(m.T, "SER hears that "+string(v.id)+" is revoked", func() bool { return !m.ser.rooms.revoked.StillGood(who.Login()) })
}

// shows is a company's token, signed by a company, whoever it says that it is of.
func (m *matrix) shows(of charging.CompanyID, signs *App, to charging.CompanyID, at time.Time) string {
	m.Helper()
	token, err := identity.NewCredentials(of, signs.rooms.keys, func() time.Time { return at }).For(to)
	if err != nil {
		m.Fatal(err)
	}
	return token
}

// ticket is one that MAR has signed.
func (m *matrix) ticket() string {
	m.Helper()
	token, err := m.mar.rooms.tickets.Issue(charging.Ticket{
		TripID: unknownTrip, Origin: "MAR", Issuer: "MAR", GrantedAt: "1795904776471614", EVSEID: "BR*MAR*E0001*1", Expires: time.Now().Add(time.Minute),
	}, m.mar.rooms.tickets.KeyID())
	if err != nil {
		m.Fatal(err)
	}
	return token
}

// suspend makes SER suspend CAJ.
func (m *matrix) suspend() {
	m.Helper()
	if _, _, err := m.ser.suspender.suspend(m.Context(), "CAJ", "a test of the matrix"); err != nil {
		m.Fatal(err)
	}
}

// callers are the columns, at SER. A new identity is one line here.
func (m *matrix) callers() []caller {
	now := time.Now()
	good, cut := m.pass(m.there, "SER"), m.pass(m.endedThere, "SER")
	m.revoke(m.ser, m.endedHere)
	m.revoke(m.mar, m.endedThere)
	here, there := string(m.here.id), string(m.there.id)
	return []caller{
		{who: "nobody", is: asNobody},
		{who: "a configured vehicle", is: asVehicle, user: "EV-0001", secret: DemoSecret},
		{who: "a vehicle", is: asVehicle, user: here, secret: m.here.secret},
		{who: "a wrong secret", is: asWrong, user: "EV-0001", secret: "guess"},
		{who: "with another vehicle's secret", is: asWrong, user: "EV-0002", secret: m.here.secret},
		{who: "as another vehicle", is: asWrong, user: there, secret: m.here.secret},
		{who: "a revoked vehicle", is: asWrong, user: string(m.endedHere.id), secret: m.endedHere.secret},
		{who: "another company's vehicle", is: asVehicle, user: there, secret: m.there.secret},
		{who: "a pass", is: asVehicle, user: there, secret: good},
		{who: "another company's revoked vehicle", is: asWrong, user: string(m.endedThere.id), secret: m.endedThere.secret},
		{who: "a revoked vehicle's pass", is: asWrong, user: string(m.endedThere.id), secret: cut},
		{who: "a pass for another company", is: asWrong, user: there, secret: m.pass(m.there, "CAJ")},
		{who: "another's pass", is: asWrong, user: "EV-0002", secret: good},
		{who: "the operator", is: asOperator, user: "operator", secret: m.ser.o.OperatorSecret},
		{who: "another company's operator", is: asWrong, user: "operator", secret: m.mar.o.OperatorSecret},
		{who: "the operator by a vehicle's secret", is: asWrong, user: "operator", secret: m.here.secret},
		{who: "a peer", is: asPeer, user: "MAR", token: m.shows("MAR", m.mar, "SER", now)},
		{who: "a suspended peer", is: asPeer, user: "CAJ", token: m.shows("CAJ", m.caj, "SER", now), barred: true},
		{who: "a peer as another", is: asWrong, user: "CAJ", token: m.shows("CAJ", m.mar, "SER", now)},
		{who: "a company as this one", is: asWrong, user: "SER", token: m.shows("SER", m.mar, "SER", now)},
		{who: "this company itself", is: asWrong, user: "SER", token: m.shows("SER", m.ser, "SER", now)},
		{who: "a peer's token that has ended", is: asWrong, user: "MAR", token: m.shows("MAR", m.mar, "SER", now.Add(-time.Hour))},
		{who: "a peer's token of tomorrow", is: asWrong, user: "MAR", token: m.shows("MAR", m.mar, "SER", now.Add(24*time.Hour))},
		{who: "a peer's token for another", is: asWrong, user: "MAR", token: m.shows("MAR", m.mar, "CAJ", now)},
		{who: "a vehicle's secret as a peer's token", is: asWrong, user: "MAR", token: m.there.secret},
		{who: "a pass as a peer's token", is: asWrong, user: "MAR", token: good},
		{who: "a ticket as a peer's token", is: asWrong, user: "MAR", token: m.ticket()},
		{who: "a peer's token as a vehicle's secret", is: asWrong, user: there, secret: m.shows("MAR", m.mar, "SER", now)},
		{who: "a demo token where none is good", is: asWrong, user: "MAR", token: DemoToken("MAR")},
		{who: "rubbish", is: asWrong, user: "MAR", token: "a.b.c"},
		{who: "another scheme", is: asWrong, other: "Digest x"},
		{who: "a scheme alone", is: asWrong, other: "Bearer"},
		{who: "unreadable", is: asWrong, other: "Basic %%%"},
	}
}
