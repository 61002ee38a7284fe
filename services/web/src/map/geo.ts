/** A point of the map's plane: Mercator, in degrees of longitude, growing to the east and to the south. */
export type Point = [number, number]

export function place(lon: number, lat: number): Point {
  return [lon, (-Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) * 180) / Math.PI]
}

/** Longitude and latitude of a point of the plane. */
export function unplace([x, y]: Point): { lon: number; lat: number } {
  return { lon: x, lat: (Math.atan(Math.exp((-y * Math.PI) / 180)) * 360) / Math.PI - 90 }
}

/** What is seen: the plane's point in the middle, and how many pixels one of its degrees has. */
export interface View {
  x: number
  y: number
  k: number
}

/** Pixels that something else covers, at each side. */
export interface Inset {
  top: number
  right: number
  bottom: number
  left: number
}

/** The view that shows all points between the insets, not nearer than 1 degree in 400 pixels. */
export function fit(points: Point[], width: number, height: number, inset: Inset): View | undefined {
  if (points.length === 0) return undefined
  const xs = points.map((p) => p[0])
  const ys = points.map((p) => p[1])
  const [west, east, north, south] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const wide = Math.max(80, width - inset.left - inset.right)
  const high = Math.max(80, height - inset.top - inset.bottom)
  const k = Math.min(wide / Math.max(east - west, 0.01), high / Math.max(south - north, 0.01), 400)
  return { k, x: (west + east) / 2 + (inset.right - inset.left) / 2 / k, y: (north + south) / 2 + (inset.bottom - inset.top) / 2 / k }
}

/** The points of an encoded polyline (1e-5 degrees, latitude first). */
export function decode(line: string): Point[] {
  const points: Point[] = []
  let [at, lat, lon] = [0, 0, 0]
  const next = () => {
    let [value, shift, byte] = [0, 0, 0x20]
    while (byte >= 0x20 && at < line.length) {
      byte = line.charCodeAt(at++) - 63
      value |= (byte & 0x1f) << shift
      shift += 5
    }
    return value & 1 ? ~(value >> 1) : value >> 1
  }
  while (at < line.length) {
    lat += next()
    lon += next()
    points.push(place(lon / 1e5, lat / 1e5))
  }
  return points
}
