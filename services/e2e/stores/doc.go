// Package stores holds tests only: whole companies on every kind of Redis, under
// what a Redis can do to them. Each test books from several servers while its
// fault happens, and judges afterwards what every driver was told against what
// every company holds (docs/reliability.md).
package stores
