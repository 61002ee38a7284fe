import url from './base.json?url'
import { place, type Point } from './geo'

/** A town with its name on the map; the first of them are the most populous. */
export interface Town {
  name: string
  at: Point
  capital: boolean
}

/** What lies under everything, in paths of the plane. */
export interface Base {
  beyond: Path2D
  land: Path2D
  coast: Path2D
  borders: Path2D
  federal: Path2D
  state: Path2D
  towns: Town[]
}

interface Made {
  steps: number
  beyond: number[]
  coast: number[][]
  borders: number[][]
  land: number[][]
  roads: { points: number[]; federal: number[]; state: number[] }
  towns: [string, number, number, number][]
}

let base: Promise<Base> | undefined

/** The base, loaded once. */
export function loadBase(): Promise<Base> {
  base ??= fetch(url).then(async (r) => built((await r.json()) as Made))
  base.catch(() => (base = undefined))
  return base
}

function built(m: Made): Base {
  const points = (list: number[]) => {
    const out: Point[] = []
    let [x, y] = [0, 0]
    for (let i = 0; i + 1 < list.length; i += 2) {
      x += list[i] ?? 0
      y += list[i + 1] ?? 0
      out.push(place(x / m.steps, y / m.steps))
    }
    return out
  }
  const lines = (lists: Point[][], closed = false) => {
    const path = new Path2D()
    for (const list of lists) {
      list.forEach(([x, y], i) => (i === 0 ? path.moveTo(x, y) : path.lineTo(x, y)))
      if (closed) path.closePath()
    }
    return path
  }
  const ends = points(m.roads.points)
  const pairs = (list: number[]) => list.flatMap((n, i) => (i % 2 ? [] : [[ends[n], ends[list[i + 1] ?? 0]].filter((p) => p !== undefined)]))
  return {
    beyond: lines([points(m.beyond)], true),
    land: lines(m.land.map(points), true),
    coast: lines(m.coast.map(points)),
    borders: lines(m.borders.map(points)),
    federal: lines(pairs(m.roads.federal)),
    state: lines(pairs(m.roads.state)),
    towns: m.towns.map(([name, x, y, capital]) => ({ name, at: place(x / m.steps, y / m.steps), capital: capital === 1 })),
  }
}
