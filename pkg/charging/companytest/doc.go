// Package companytest is the conformance suite of charging.Company: what
// docs/protocol.md §2 and §4 say about one company, as tests that every
// implementation passes, near or far. An implementation's own test calls
//
//	companytest.Run(t, func(t *testing.T) companytest.Fixture { … })
package companytest
