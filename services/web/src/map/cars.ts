import { place } from './geo'
import { onPaper, type Paper } from './paint'
import { chargeColour } from './route'

/** A car as the stream tells it. */
export interface Car {
  id: string
  lat: number
  lon: number
  soc: number
}

/** Each car as a ring that is as full as its battery. */
export function paintCars(p: Paper, cars: Car[]) {
  const { ctx } = p
  const r = cars.length > 300 ? 3.5 : 6
  for (const c of cars) {
    const [x, y] = onPaper(p, place(c.lon, c.lat))
    if (x < -9 || y < -9 || x > p.width + 9 || y > p.height + 9) continue
    ctx.fillStyle = p.colour('--surface')
    ctx.beginPath()
    ctx.arc(x, y, r + 1.5, 0, 7)
    ctx.fill()
    ctx.strokeStyle = p.colour(chargeColour(c.soc))
    ctx.lineWidth = r > 4 ? 3.5 : 2
    ctx.beginPath()
    ctx.arc(x, y, r, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * Math.max(0.05, c.soc))
    ctx.stroke()
  }
}
