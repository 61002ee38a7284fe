/** What the list of trips is narrowed to; empty is anything. */
export interface Wanted {
  /** Part of a trip's or reservation's id, a vehicle, or an EVSE. */
  text: string
  state: string
  trouble: string
  company: string
}

/** The query of GET /api/v1/trips for what is wanted: what was typed tells by its form whether it is an EVSE, an id or a
 * vehicle. Of an EVSE a part will do where one alone has it. */
export function queryOf(w: Wanted, evses: string[]): string {
  const q = new URLSearchParams({ cursor: '', limit: '50' })
  const text = w.text.trim()
  if (text) q.set(...meant(text, evses))
  if (w.state) q.set('state', w.state)
  if (w.trouble) q.set('trouble', w.trouble)
  if (w.company) q.set('company_id', w.company)
  return `?${q}`
}

function meant(text: string, evses: string[]): [string, string] {
  const upper = text.toUpperCase()
  if (upper.startsWith('BR*')) return ['evse_id', upper]
  const like = evses.filter((e) => e.split('*').slice(2).join('*').startsWith(text)) // ids of trips are in small letters
  if (like.length === 1) return ['evse_id', like[0] as string]
  return /^[0-9a-f-]{4,36}$/.test(text.toLowerCase()) ? ['id', text.toLowerCase()] : ['vehicle_id', text]
}
