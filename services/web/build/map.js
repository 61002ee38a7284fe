// Makes the map's base, src/map/base.json: coast, states, roads and towns of the Northeast, in whole steps of a degree's
// thousandth, each point as the difference from the one before. It is made of data/ne_states.geojson and pkg/road.
import { readFileSync, writeFileSync } from 'node:fs'
import { chainsOf, ringsOf, thinned } from './outline.js'

const here = new URL('.', import.meta.url)
const read = (path) => readFileSync(new URL(path, here), 'utf8')
const steps = 1000
/** A bend that spans less (square degrees) is left out. */
const least = 0.00025

const step = ([lon, lat]) => [Math.round(lon * steps), Math.round(lat * steps)]
const differences = (points) => {
  let x = 0
  let y = 0
  return points.map(step).flatMap(([a, b]) => {
    const d = [a - x, b - y]
    x = a
    y = b
    return d
  })
}

const states = JSON.parse(read('../data/ne_states.geojson')).features
const chains = chainsOf(states.flatMap(ringsOf)).map((c) => ({ ...c, points: thinned(c.points, least) }))
const tables = read('../../../pkg/road/places.tsv')
const places = tables.split('\n').filter((l) => l && !l.startsWith('#')).map((l) => l.split('\t'))
const network = read('../../../pkg/road/network.tsv').split('\n').map((l) => l.split('\t'))
const nodes = [...places.map(([, , lat, lon]) => [lon, lat]), ...network.filter(([kind]) => kind === 'N').map(([, lat, lon]) => [lon, lat])]

/** The highways, federal ones apart: a number for each end, those of points that are used. */
function roads() {
  const used = new Map()
  const end = (n) => used.get(n) ?? used.set(n, used.size).get(n)
  const lists = { federal: [], state: [] }
  for (const [kind, from, to, , , name] of network) {
    if (kind === 'E' && name !== '-') lists[name.startsWith('BR') ? 'federal' : 'state'].push(end(from), end(to))
  }
  return { points: differences([...used.keys()].map((n) => nodes[n].map(Number))), ...lists }
}

/** The towns that have a name on the map, the most populous first. */
function towns() {
  const listed = read('../../../pkg/road/largest.go')
  const capitals = new Set([...listed.split('var largest')[0].matchAll(/"([^"]+, [A-Z]{2})"/g)].map((m) => m[1]))
  return [...listed.split('var largest')[1].matchAll(/"([^"]+), ([A-Z]{2})"/g)].flatMap(([, name, state]) => {
    const place = places.find(([n, s]) => n === name && s === state)
    return place ? [[name, ...step([Number(place[3]), Number(place[2])]), capitals.has(`${name}, ${state}`) ? 1 : 0]] : []
  })
}

/** Roughly the rest of the continent, closed by a line through the Northeast: its own borders lie in it, its coast does not. */
const beyond = [[-46.06, -1.1], [-48.4, -0.6], [-50, 0.3], [-51, 2], [-52, 5], [-75, 5], [-75, -30], [-50, -30], [-48.6, -26], [-45, -23.8], [-41.9, -22.9],
  [-40.9, -21.9], [-40.2, -20.3], [-39.72, -18.35], [-40, -17], [-42, -14], [-42, -8], [-43, -4.5], [-45, -2.6]]
const within = ([x, y], ring) =>
  ring.reduce((odd, [ax, ay], i) => {
    const [bx, by] = ring[(i + 1) % ring.length]
    return ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax ? !odd : odd
  }, false)
const coast = (c) => c.outer && !within(c.points[c.points.length >> 1], beyond)

const base = {
  steps,
  beyond: differences(beyond),
  coast: chains.filter(coast).map((c) => differences(c.points)),
  borders: chains.filter((c) => !coast(c)).map((c) => differences(c.points)),
  land: states.flatMap(ringsOf).filter((r) => r.length > 30).map((r) => differences(thinned(r, least))),
  roads: roads(),
  towns: towns(),
}
writeFileSync(new URL('../src/map/base.json', here), JSON.stringify(base))
