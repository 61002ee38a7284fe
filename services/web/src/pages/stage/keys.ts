/** The port of host:port. */
export const port = (addr: string | undefined) => addr?.split(':').at(-1) ?? '6379'

/** What a key has left, as redis-cli's TTL says it, and longer than an hour by its unit. */
export function lifeOf(ms: number | undefined): string {
  if (ms === undefined) return 'TTL -1'
  const s = Math.ceil(ms / 1000)
  if (s < 3600) return `TTL ${s} s`
  return s < 172_800 ? `TTL ${Math.round(s / 3600)} h` : `TTL ${Math.round(s / 86_400)} d`
}
