import type { Plan } from '../../api/client'

const name = 'eletrovia.plans'

/** How long plans are shown again, in ms: a server knows a plan for half an hour, and somebody has yet to sign in. */
const fresh = 20 * 60_000

/** Plans as they were found and edited, with what undoing goes back to. */
export interface Plans {
  plans: Plan[]
  picked: string
  before: Plan[][]
}

/** Keeps in this tab what stands at an address, so that a reload shows it; nothing where there are no plans. */
export function keep(address: string, what: Plans, now = Date.now()) {
  try {
    if (what.plans.length === 0) sessionStorage.removeItem(name)
    else sessionStorage.setItem(name, JSON.stringify({ address, at: now, ...what }))
  } catch {
    // full, or forbidden: then a reload asks again
  }
}

/** What was kept of an address; undefined where it is another's, too old, or none. */
export function kept(address: string, now = Date.now()): Plans | undefined {
  try {
    const had = JSON.parse(sessionStorage.getItem(name) ?? 'null') as (Plans & { address: string; at: number }) | null
    if (had?.address !== address || now - had.at > fresh || had.at > now) return undefined
    const { plans, picked, before } = had
    return { plans, picked, before }
  } catch {
    return undefined
  }
}
