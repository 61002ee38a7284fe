import type { View } from './geo'

const least = 12
const most = 2500

/** The view moved by pixels and brought nearer by a factor around a point of the paper, counted from its middle. */
export function moved(v: View, dx: number, dy: number, factor = 1, x = 0, y = 0): View {
  const k = Math.min(most, Math.max(least, v.k * factor))
  return { k, x: v.x + x / v.k - x / k - dx / k, y: v.y + y / v.k - y / k - dy / k }
}

/** Has somebody drag, pinch and wheel a map; tap is called with the pixels of a touch that did not drag. */
export function gestures(on: HTMLElement, now: () => View, set: (v: View) => void, tap: (x: number, y: number) => void): () => void {
  const down = new Map<number, PointerEvent>()
  let far = 0
  const middle = (e: { clientX: number; clientY: number }) => {
    const box = on.getBoundingClientRect()
    return [e.clientX - box.left - box.width / 2, e.clientY - box.top - box.height / 2] as const
  }
  const start = (e: PointerEvent) => {
    on.setPointerCapture(e.pointerId)
    if (down.size === 0) far = 0
    down.set(e.pointerId, e)
  }
  const move = (e: PointerEvent) => {
    const before = down.get(e.pointerId)
    if (!before) return
    const other = [...down.values()].find((p) => p.pointerId !== e.pointerId)
    down.set(e.pointerId, e)
    const [dx, dy] = [e.clientX - before.clientX, e.clientY - before.clientY]
    far += Math.hypot(dx, dy)
    if (far < 5) return
    if (!other) return set(moved(now(), dx, dy))
    const apart = (p: PointerEvent) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY)
    const [x, y] = middle({ clientX: (e.clientX + other.clientX) / 2, clientY: (e.clientY + other.clientY) / 2 })
    set(moved(now(), dx / 2, dy / 2, apart(e) / Math.max(1, apart(before)), x, y))
  }
  const end = (e: PointerEvent) => {
    if (down.delete(e.pointerId) && down.size === 0 && far < 5 && e.type === 'pointerup') {
      const box = on.getBoundingClientRect()
      tap(e.clientX - box.left, e.clientY - box.top)
    }
  }
  const wheel = (e: WheelEvent) => {
    e.preventDefault()
    set(moved(now(), 0, 0, Math.exp(-e.deltaY / 400), ...middle(e)))
  }
  on.addEventListener('pointerdown', start)
  on.addEventListener('pointermove', move)
  on.addEventListener('pointerup', end)
  on.addEventListener('pointercancel', end)
  on.addEventListener('wheel', wheel, { passive: false })
  return () => {
    on.removeEventListener('pointerdown', start)
    on.removeEventListener('pointermove', move)
    on.removeEventListener('pointerup', end)
    on.removeEventListener('pointercancel', end)
    on.removeEventListener('wheel', wheel)
  }
}
