// Package planmap draws a plan as a map: GeoJSON for other programs, SVG for eyes.
package planmap
