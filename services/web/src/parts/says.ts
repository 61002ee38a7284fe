import { Refusal } from '../api/client'
import { clock, t } from '../i18n/i18n.svelte'

/** What to tell somebody of an error: what the server said, or that it said nothing. */
export function says(e: unknown): string {
  if (!(e instanceof Refusal)) throw e
  if (e.status === 0) return t('app.offline')
  const fields = e.fields.map((f) => `${f.field}: ${f.reason}`).join('; ')
  return t('app.failed', { detail: spoken(fields || e.detail || e.code) })
}

/** What a server said, its instants as the time here. */
export const spoken = (detail: string) => detail.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (instant) => clock(instant))
