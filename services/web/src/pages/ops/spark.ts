/** A line through numbers in a box, oldest first; gaps where there is none. */
export function spark(values: (number | null)[], width: number, height: number): string {
  const most = Math.max(1, ...values.map((v) => v ?? 0))
  const step = width / Math.max(1, values.length - 1)
  let path = ''
  let open = false
  values.forEach((v, i) => {
    if (v === null) {
      open = false
      return
    }
    path += `${open ? 'L' : 'M'}${(i * step).toFixed(1)} ${(height - 1 - (v / most) * (height - 2)).toFixed(1)}`
    open = true
  })
  return path
}
