/** A battery's way as a drawing: minutes along, charge upwards, in a box of so many units. */
export interface Drawing {
  line: string
  area: string
  /** Full hours since the departure, and where they are. */
  hours: { hour: number; x: number }[]
  first: number
  last: number
  least: number
  /** Where a minute is. */
  at: (minute: number) => number
}

/**
 * Draws a profile of [kilometre, minute, charge] points; undefined where there is nothing to draw. The width is that of
 * so many minutes, or of the profile's own.
 */
export function draw(profile: number[][], width: number, height: number, minutes?: number): Drawing | undefined {
  const points = profile.flatMap(([, minute, soc]) => (minute === undefined || soc === undefined ? [] : [{ minute, soc }]))
  const first = points[0]
  const last = points.at(-1)
  if (!first || !last || points.length < 2 || last.minute <= 0) return undefined
  const x = (minute: number) => (minute / (minutes ?? last.minute)) * width
  const y = (soc: number) => (1 - Math.min(1, Math.max(0, soc))) * height
  const line = 'M' + points.map((p) => `${round(x(p.minute))} ${round(y(p.soc))}`).join('L')
  const step = Math.max(1, Math.ceil(last.minute / 60 / Math.min(8, Math.max(2, width / 60))))
  const hours = []
  for (let hour = step; hour * 60 < last.minute; hour += step) hours.push({ hour, x: round(x(hour * 60)) })
  return {
    line,
    area: `${line}L${round(x(last.minute))} ${height}L${round(x(first.minute))} ${height}Z`,
    hours,
    first: first.soc,
    last: last.soc,
    least: Math.min(...points.map((p) => p.soc)),
    at: x,
  }
}

const round = (n: number) => Math.round(n * 10) / 10
