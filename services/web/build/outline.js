// Outlines of neighbours, cut into chains that each has once, and thinned.

/** The rings of a feature, each a list of points whose last is its first. */
export function ringsOf(feature) {
  const g = feature.geometry
  return g.type === 'Polygon' ? g.coordinates : g.coordinates.flat()
}

const key = (p) => p.join(',')

/** Chains between the points where more than two lines meet; outer ones have a neighbour on one side only. */
export function chainsOf(rings) {
  const lines = new Map()
  const points = new Map()
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i++) {
      const ends = [key(ring[i - 1]), key(ring[i])]
      if (ends[0] === ends[1]) continue
      const id = [...ends].sort().join(' ')
      const line = lines.get(id)
      if (line) line.times++
      else lines.set(id, { ends, times: 1, done: false })
      points.set(ends[0], ring[i - 1])
      points.set(ends[1], ring[i])
    }
  }
  const meet = new Map()
  for (const line of lines.values()) for (const e of line.ends) meet.set(e, [...(meet.get(e) ?? []), line])
  const passes = (e, times) => meet.get(e).length === 2 && meet.get(e).every((l) => l.times === times)
  const chains = []
  const begin = (from, line) => {
    const chain = [from]
    for (let at = from, next = line; next && !next.done; ) {
      next.done = true
      at = next.ends[0] === at ? next.ends[1] : next.ends[0]
      chain.push(at)
      next = passes(at, line.times) ? meet.get(at).find((l) => !l.done) : undefined
    }
    chains.push({ outer: line.times === 1, points: chain.map((e) => points.get(e)) })
  }
  for (const [e, list] of meet) for (const l of list) if (!l.done && !passes(e, l.times)) begin(e, l)
  for (const l of lines.values()) if (!l.done) begin(l.ends[0], l)
  return chains
}

const area = (a, b, c) => Math.abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) / 2

/** Leaves out, the least first, each point whose triangle with its neighbours spans less than that (Visvalingam). */
export function thinned(points, least) {
  const kept = [...points]
  for (;;) {
    let smallest = least
    let at = -1
    for (let i = 1; i < kept.length - 1; i++) {
      const a = area(kept[i - 1], kept[i], kept[i + 1])
      if (a < smallest) {
        smallest = a
        at = i
      }
    }
    if (at < 0) return kept
    kept.splice(at, 1)
  }
}
