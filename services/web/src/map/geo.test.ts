import { expect, test } from 'vitest'
import { decode, fit, place, unplace } from './geo'

test('a place comes back from the plane', () => {
  const { lon, lat } = unplace(place(-34.861, -7.1153))
  expect(lon).toBeCloseTo(-34.861, 6)
  expect(lat).toBeCloseTo(-7.1153, 6)
})

test('the polyline of its format’s own description', () => {
  const points = decode('_p~iF~ps|U_ulLnnqC_mqNvxq`@').map(unplace)
  expect(points.map((p) => [p.lat.toFixed(3), p.lon.toFixed(3)])).toEqual([
    ['38.500', '-120.200'],
    ['40.700', '-120.950'],
    ['43.252', '-126.453'],
  ])
})

test('what is to be seen lies between the insets', () => {
  const inset = { top: 10, right: 20, bottom: 30, left: 400 }
  const view = fit([place(-39, -13), place(-35, -7)], 1000, 700, inset)
  if (!view) throw new Error('nothing to see')
  for (const [x, y] of [place(-39, -13), place(-35, -7)]) {
    const [px, py] = [(x - view.x) * view.k + 500, (y - view.y) * view.k + 350]
    expect(px).toBeGreaterThanOrEqual(399.9)
    expect(px).toBeLessThanOrEqual(980.1)
    expect(py).toBeGreaterThanOrEqual(9.9)
    expect(py).toBeLessThanOrEqual(670.1)
  }
})

test('nothing to see has no view', () => {
  expect(fit([], 100, 100, { top: 0, right: 0, bottom: 0, left: 0 })).toBeUndefined()
})
