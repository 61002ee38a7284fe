import type { Stop, Way } from '../parts/way'
import { markOf } from '../parts/company'
import { decode, place, type Point } from './geo'
import { onPaper, takes, written, type Paper } from './paint'

/** A drive on the map, with the charge at its ends. */
interface Drive {
  points: Point[]
  from: number | undefined
  to: number | undefined
}

/** The drives of a way, in order; those whose road is not known are left out. */
export function drivesOf(way: Way): Drive[] {
  const firstSoc = way.profile[0]?.[2]
  const drives = way.stops.map((s, i) => ({ points: decode(s.line ?? ''), from: i === 0 ? firstSoc : way.stops[i - 1]?.depart, to: s.arrive }))
  drives.push({ points: decode(way.line ?? ''), from: way.stops.at(-1)?.depart ?? firstSoc, to: way.arrive })
  return drives.filter((d) => d.points.length > 1)
}

/** All points that a way touches. */
export function pointsOf(way: Way): Point[] {
  const ends = [way.from, way.to].flatMap((p) => (p ? [place(p.lon, p.lat)] : []))
  return [...ends, ...drivesOf(way).flatMap((d) => d.points), ...way.stops.flatMap(stopAt)]
}

const stopAt = (s: Stop): Point[] => (s.lat === undefined || s.lon === undefined ? [] : [place(s.lon, s.lat)])

/** Which colour the road has where the battery has so much. */
export function chargeColour(soc: number | undefined): string {
  if (soc === undefined) return '--accent'
  return soc < 0.15 ? '--charge-low' : soc < 0.3 ? '--charge-little' : soc < 0.5 ? '--charge-half' : '--charge-full'
}

export function paintRoute(p: Paper, way: Way) {
  const { ctx } = p
  ctx.lineJoin = 'round'
  ctx.lineCap = 'round'
  const drives = drivesOf(way)
  const stroke = (points: Point[], colour: string, width: number) => {
    ctx.beginPath()
    points.forEach((q, i) => {
      const [x, y] = onPaper(p, q)
      if (i === 0) ctx.moveTo(x, y)
      else ctx.lineTo(x, y)
    })
    ctx.strokeStyle = p.colour(colour)
    ctx.lineWidth = width
    ctx.stroke()
  }
  for (const d of drives) stroke(d.points, '--surface', 10)
  for (const d of drives) {
    d.points.slice(1).forEach((q, i) => {
      const along = (i + 0.5) / (d.points.length - 1)
      const soc = d.from === undefined || d.to === undefined ? undefined : d.from + (d.to - d.from) * along
      stroke([d.points[i] ?? q, q], chargeColour(soc), 6)
    })
  }
}

/** Ends and stops; says of each stop in a box beside it where there is room. */
export function paintStops(p: Paper, way: Way, says: (s: Stop) => string) {
  for (const end of [way.from, way.to]) if (end) paintEnd(p, onPaper(p, place(end.lon, end.lat)), end.city || end.name)
  for (const s of way.stops) {
    const at = stopAt(s)[0]
    if (!at) continue
    const [x, y] = onPaper(p, at)
    p.taken.push([x - 16, y - 16, 32, 32])
    disc(p, x, y, 15, p.colour('--surface'))
    disc(p, x, y, 13, markOf(s.company ?? '').colour)
    p.ctx.fillStyle = '#fff'
    p.ctx.font = '700 13px "Inter Variable", sans-serif'
    p.ctx.textAlign = 'center'
    p.ctx.fillText(String(s.leg), x, y + 4.5)
    p.ctx.textAlign = 'start'
  }
  if (p.width < 700) return
  for (const s of way.stops) for (const at of stopAt(s)) paintBox(p, onPaper(p, at), s, says(s))
}

function paintEnd(p: Paper, [x, y]: Point, name: string) {
  p.taken.push([x - 9, y - 9, 18, 18])
  disc(p, x, y, 8, p.colour('--surface'))
  disc(p, x, y, 6.5, p.colour('--text'))
  p.ctx.font = '700 15px "Bricolage Grotesque Variable", sans-serif'
  const w = p.ctx.measureText(name).width
  const east = takes(p, x + 13, y - 10, w, 20)
  if (!east) p.taken.push([x - 13 - w, y - 10, w, 20])
  p.ctx.fillStyle = p.colour('--text')
  written(p, name, east ? x + 13 : x - 13 - w, y + 5)
}

function paintBox(p: Paper, [x, y]: Point, s: Stop, text: string) {
  const { ctx } = p
  ctx.font = '600 13px "Inter Variable", sans-serif'
  const name = s.name.length > 30 ? `${s.name.slice(0, 29)}…` : s.name
  const w = Math.max(ctx.measureText(name).width, ctx.measureText(text).width * 0.96) + 24
  const left = [x + 24, x - 24 - w].find((at) => takes(p, at, y - 23, w, 46))
  if (left === undefined) return
  ctx.fillStyle = p.colour('--surface')
  ctx.strokeStyle = p.colour(s.state && ['PREEMPTED', 'EXPIRED', 'NO_SHOW'].includes(s.state) ? '--pending' : '--line')
  ctx.lineWidth = 1.5
  ctx.beginPath()
  ctx.roundRect(left, y - 23, w, 46, 10)
  ctx.fill()
  ctx.stroke()
  ctx.fillStyle = p.colour('--text')
  ctx.fillText(name, left + 12, y - 4)
  ctx.fillStyle = p.colour('--quiet')
  ctx.font = '500 12px "Inter Variable", sans-serif'
  ctx.fillText(text, left + 12, y + 14)
}

function disc(p: Paper, x: number, y: number, r: number, colour: string) {
  p.ctx.fillStyle = colour
  p.ctx.beginPath()
  p.ctx.arc(x, y, r, 0, 7)
  p.ctx.fill()
}
