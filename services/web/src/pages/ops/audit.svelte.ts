import { api, type Schemas } from '../../api/client'
import { listen } from '../../live/stream'
import { says } from '../../parts/says'

type Act = Schemas['Act']

/** What the audit is narrowed to, word for word; empty is anything. */
export interface Wanted {
  who: string
  what: string
  of: string
}

/** The audit, newest first: read page by page, and followed. */
export class Audit {
  acts = $state.raw<Act[]>()
  more = $state<string>()
  trouble = $state('')
  wanted: Wanted = { who: '', what: '', of: '' }

  follow(): () => void {
    return listen(['audit'], {
      begun: () => void this.read(this.wanted),
      event: (e) => e.type === 'audit' && this.take(e.data as Act),
      broke: () => undefined, // the page says so
    })
  }

  async read(wanted: Wanted) {
    this.wanted = wanted
    const query = new URLSearchParams({ limit: '25' })
    for (const [name, value] of Object.entries(wanted)) if (value.trim()) query.set(name, value.trim())
    this.acts = undefined
    await this.add(`/api/v1/audit?${query}`)
  }

  async next() {
    if (this.more) await this.add(this.more)
  }

  private async add(path: string) {
    try {
      const page = await api.audit(path)
      this.acts = [...(this.acts ?? []), ...page.items]
      this.more = page.next
      this.trouble = ''
    } catch (e) {
      this.trouble = says(e)
    }
  }

  /** Takes an act from the stream: told when it is asked for, and once more when it has ended. */
  take(act: Act) {
    const { who, what, of } = this.wanted
    if ((who && who !== act.who) || (what && what !== act.what) || (of && of !== act.of)) return
    const acts = this.acts ?? []
    const at = acts.findIndex((a) => a.act_id === act.act_id)
    this.acts = at < 0 ? [act, ...acts] : acts.with(at, act)
  }
}
