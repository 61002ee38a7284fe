import { markOf, outline } from '../parts/company'
import type { Base } from './base'
import type { Point, View } from './geo'

/** A canvas to paint on, in pixels of the page, with the colours of the theme. */
export interface Paper {
  ctx: CanvasRenderingContext2D
  width: number
  height: number
  view: View
  colour: (name: string) => string
  /** Boxes that are taken, so that no two texts overlap. */
  taken: [number, number, number, number][]
}

/** Where a point of the plane is on the paper. */
export function onPaper(p: Paper, [x, y]: Point): Point {
  return [(x - p.view.x) * p.view.k + p.width / 2, (y - p.view.y) * p.view.k + p.height / 2]
}

/** Takes a box for a text, or says that another has it or that it is not on the paper. */
export function takes(p: Paper, x: number, y: number, w: number, h: number): boolean {
  if (x < 0 || y < 0 || x + w > p.width || y + h > p.height) return false
  if (p.taken.some(([a, b, c, d]) => x < a + c && a < x + w && y < b + d && b < y + h)) return false
  p.taken.push([x, y, w, h])
  return true
}

export function paintBase(p: Paper, base: Base) {
  const { ctx, view } = p
  ctx.fillStyle = p.colour('--sea')
  ctx.fillRect(0, 0, p.width, p.height)
  ctx.save()
  ctx.translate(p.width / 2, p.height / 2)
  ctx.scale(view.k, view.k)
  ctx.translate(-view.x, -view.y)
  ctx.lineJoin = 'round'
  ctx.lineCap = 'round'
  const stroke = (path: Path2D, colour: string, pixels: number, dash: number[] = []) => {
    ctx.strokeStyle = colour
    ctx.lineWidth = pixels / view.k
    ctx.setLineDash(dash.map((d) => d / view.k))
    ctx.stroke(path)
  }
  ctx.globalAlpha = 0.35
  for (const wide of [26, 14]) stroke(base.coast, p.colour('--shore'), wide)
  ctx.globalAlpha = 1
  ctx.fillStyle = p.colour('--beyond')
  ctx.fill(base.beyond)
  ctx.fillStyle = p.colour('--land')
  ctx.fill(base.land)
  stroke(base.borders, p.colour('--line'), 1, [4, 4])
  stroke(base.coast, p.colour('--coast'), 1.2)
  const fine = Math.min(1, view.k / 90)
  stroke(base.state, p.colour('--road'), 1.2 * fine)
  stroke(base.federal, p.colour('--road'), 2.6 * fine)
  ctx.restore()
}

/** Names of towns, as many as there is room for. */
export function paintTowns(p: Paper, base: Base) {
  const { ctx } = p
  const count = Math.min(base.towns.length, Math.round(p.view.k / 4) + 8)
  ctx.lineJoin = 'round'
  base.towns.slice(0, count).forEach(({ name, at, capital }) => {
    const [x, y] = onPaper(p, at)
    if (p.taken.some(([a, b, c, d]) => x > a && x < a + c && y > b && y < b + d)) return
    ctx.font = `${capital ? 650 : 500} ${capital ? 13 : 12}px "Inter Variable", sans-serif`
    const w = ctx.measureText(name).width
    const east = takes(p, x + 7, y - 8, w, 16)
    if (!east && !takes(p, x - 7 - w, y - 8, w, 16)) return
    ctx.fillStyle = p.colour('--text')
    ctx.beginPath()
    ctx.arc(x, y, capital ? 3 : 2, 0, 7)
    ctx.fill()
    written(p, name, east ? x + 7 : x - 7 - w, y + 4)
  })
}

/** A text with the land's colour around it, so that it can be read over lines. */
export function written(p: Paper, text: string, x: number, y: number) {
  p.ctx.strokeStyle = p.colour('--land')
  p.ctx.lineWidth = 3.5
  p.ctx.strokeText(text, x, y)
  p.ctx.fillText(text, x, y)
}

const shapes = new Map<string, Path2D>()

/** A company's mark of a radius; hollow where it is not free. */
export function paintMark(p: Paper, company: string, [x, y]: Point, radius: number, look: 'free' | 'busy' | 'off') {
  const mark = markOf(company)
  let path = shapes.get(mark.shape)
  if (!path) shapes.set(mark.shape, (path = new Path2D(outline(mark.shape))))
  const { ctx } = p
  ctx.save()
  ctx.translate(x, y)
  ctx.scale(radius, radius)
  ctx.lineWidth = 2.4 / radius
  ctx.strokeStyle = p.colour('--surface')
  ctx.stroke(path)
  ctx.fillStyle = look === 'off' ? p.colour('--quiet') : mark.colour
  ctx.fill(path)
  if (look !== 'free') {
    ctx.fillStyle = p.colour('--surface')
    ctx.beginPath()
    ctx.arc(0, 0, 0.45, 0, 7)
    ctx.fill()
  }
  ctx.restore()
}
