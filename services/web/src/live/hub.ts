/** What a page wants of the stream: types of events. */
export type Wish = { types: string[] } | { leave: true }

/** What a page is told. */
export type Word = { type: string; data: string } | { broke: true }

/** Something that events come from; an EventSource, or a test's. */
export interface Source {
  close(): void
}

export type Open = (types: string[], word: (w: Word) => void) => Source

/** How long pages that come together are waited for, in ms. */
const together = 30

/**
 * One stream for all pages of a browser, which stall each other where each has its own. It asks for what any of them wants, and
 * begins anew, so that everybody gets a snapshot, when somebody comes or wants what the others do not.
 */
export class Hub {
  private readonly pages = new Map<object, { types: Set<string>; tell: (w: Word) => void }>()
  private source: Source | undefined
  private waiting: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly open: Open) {}

  /** A page comes, or wants something else. */
  want(page: object, types: string[], tell: (w: Word) => void) {
    this.pages.set(page, { types: new Set(types), tell })
    this.begin()
  }

  /** A page goes; with the last one the stream ends. */
  leave(page: object) {
    this.pages.delete(page)
    if (this.pages.size > 0) return
    clearTimeout(this.waiting)
    this.source?.close()
    this.source = undefined
  }

  private begin() {
    clearTimeout(this.waiting)
    this.waiting = setTimeout(() => {
      this.source?.close()
      const types = [...new Set([...this.pages.values()].flatMap((p) => [...p.types]))].sort()
      this.source = this.open(types, (w) => this.pass(w))
    }, together)
  }

  private pass(w: Word) {
    for (const p of this.pages.values()) if ('broke' in w || always.has(w.type) || p.types.has(w.type)) p.tell(w)
  }
}

/** What every page is told: where the stream begins, and what time it is. */
const always = new Set(['snapshot', 'reset', 'now'])
